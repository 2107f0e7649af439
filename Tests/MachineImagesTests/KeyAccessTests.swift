import OCI
import Testing

@testable import MachineImages

@Suite("Who may use a key") struct KeyAccessTests {
    private let organization = "arn:aws:organizations::111122223333:organization/o-0123456789"
    private let needed = Set(KeyAccess.needed.map { String($0.dropFirst(4)) })

    private func access(_ statements: String..., grants: [(principal: String, operations: Set<String>)] = []) throws
        -> KeyAccess
    {
        let text = "{\"Statement\": [\(statements.joined(separator: ", "))]}"
        return KeyAccess(policy: try JSONValue.parse(Array(text.utf8)), grants: grants)
    }

    @Test func `an account that is named, by itself or by its ARN`() throws {
        for principal in [
            "\"444455556666\"", "[\"arn:aws:iam::444455556666:root\"]", "\"arn:aws:iam::444455556666:role/r\"",
        ] {
            let found = try access(
                "{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \(principal)}, \"Action\": \"kms:*\"}"
            )
            #expect(found.allows("444455556666") && !found.allows("777788889999") && !found.allows(organization))
        }
    }

    @Test func `all actions that are needed, and none of them denied`() throws {
        let some = "{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": [\"kms:Decrypt\", \"kms:DescribeKey\"]}"
        #expect(try !access(some).allows("444455556666"))
        let rest = "{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"KMS:Create*\"}"
        #expect(try access(some, rest).allows("444455556666"))
        let denied =
            "{\"Effect\": \"Deny\", \"Principal\": {\"AWS\": \"444455556666\"}, \"Action\": \"kms:CreateGrant\"}"
        let found = try access(some, rest, denied)
        #expect(!found.allows("444455556666") && found.allows("777788889999"))
    }

    @Test func `conditions on who calls`() throws {
        func everybody(_ condition: String) throws -> KeyAccess {
            try access(
                "{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"kms:*\", \"Condition\": \(condition)}"
            )
        }
        let ours = try everybody("{\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-0123456789\"}}")
        // Which accounts are in an organisation is not known here.
        #expect(ours.allows(organization) && ours.allows("444455556666"))
        #expect(!ours.allows("arn:aws:organizations::111122223333:organization/o-9999999999"))
        let one = try everybody(
            "{\"StringEquals\": {\"kms:CallerAccount\": [\"444455556666\"], \"kms:ViaService\": \"ec2\"}}"
        )
        #expect(one.allows("444455556666") && !one.allows("777788889999"))
        let others = try everybody("{\"StringNotEquals\": {\"aws:PrincipalAccount\": \"444455556666\"}}")
        #expect(!others.allows("444455556666") && others.allows("777788889999"))
        let everything = "{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"kms:*\"}"
        let unsafe = """
            {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
            """
        #expect(try access(everything, unsafe).allows("444455556666"))
        let elsewhere = """
            {"Effect": "Deny", "Principal": "*", "Action": "kms:*",
             "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "777788889999"}}}
            """
        #expect(try !access(everything, elsewhere).allows("444455556666"))
    }

    @Test func `a grant does as well`() throws {
        let lent = (principal: "arn:aws:iam::444455556666:root", operations: needed)
        #expect(try access(grants: [lent]).allows("444455556666"))
        #expect(try !access(grants: [(lent.principal, ["Decrypt"])]).allows("444455556666"))
        #expect(!KeyAccess(policy: nil, grants: []).allows("444455556666"))
    }
}
