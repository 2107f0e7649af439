import Glibc
import OCI

/// Whether a KMS key lets others start machines from what it encrypts, as far as its policy and its grants tell.
///
/// What cannot be known before a call, such as other conditions and whether an account is in an organisation, is taken to be in
/// favour of whoever calls.
///
/// Source: Amazon EBS User Guide, "Share the KMS key used to encrypt a shared snapshot".
struct KeyAccess {
    private let statements: [JSONValue]
    private let grants: [(principal: String, operations: Set<String>)]

    init(policy: JSONValue?, grants: [(principal: String, operations: Set<String>)]) {
        let found = policy?["Statement"]
        statements = found?.arrayValue ?? [found].compactMap { $0 }
        self.grants = grants
    }

    /// Without these no instance starts from an encrypted snapshot.
    static let needed: Set<String> = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey"]

    /// `principal` is an account, or the ARN of an organisation or a unit.
    func allows(_ principal: String) -> Bool {
        Self.needed.allSatisfy { action in
            let isDenied = statements.contains { applies($0, "Deny", principal, action) }
            let isAllowed = statements.contains { applies($0, "Allow", principal, action) }
            return !isDenied && (isAllowed || isGranted(principal, action))
        }
    }

    private func isGranted(_ principal: String, _ action: String) -> Bool {
        grants.contains { grant in
            grant.principal.contains(":\(principal):") && grant.operations.contains(String(action.dropFirst(4)))
        }
    }

    private func applies(_ statement: JSONValue, _ effect: String, _ principal: String, _ action: String) -> Bool {
        guard statement["Effect"]?.stringValue == effect else { return false }
        guard texts(statement["Action"]).contains(where: { matches(action.lowercased(), $0.lowercased()) }) else {
            return false
        }
        let named = texts(statement["Principal"]) + texts(statement["Principal"]?["AWS"])
        let isNamed = named.contains { $0 == principal || $0.hasPrefix("arn:") && $0.contains("::\(principal):") }
        let isFor = isNamed || named.contains("*")
        return isFor && areMet(statement["Condition"], by: principal, elseBy: effect == "Allow")
    }

    /// Whether conditions are met by whoever calls; `unknown` is said of those of which nobody knows.
    private func areMet(_ condition: JSONValue?, by principal: String, elseBy unknown: Bool) -> Bool {
        let isAccount = !principal.contains(":")
        let known: Set<String> =
            isAccount
            ? ["aws:principalaccount", "kms:calleraccount"] : ["aws:principalorgid", "aws:principalorgpaths"]
        return (condition?.objectValue ?? [:]).allSatisfy { comparison, members in
            (members.objectValue ?? [:]).allSatisfy { key, values in
                if !known.contains(key.lowercased()) { return unknown }
                let isAmong = texts(values).contains { text in
                    isAccount
                        ? matches(principal, text)
                        : principal.contains("/\(text)") || text.contains(lastPart(principal))
                }
                return comparison.lowercased().contains("not") ? !isAmong : isAmong
            }
        }
    }

    /// `o-exampleorgid`, `ou-ab12-cd34efgh`, or the account itself.
    private func lastPart(_ principal: String) -> String {
        principal.split(separator: "/").last.map(String.init) ?? principal
    }

    private func texts(_ value: JSONValue?) -> [String] {
        value?.stringValue.map { [$0] } ?? (value?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private func matches(_ text: String, _ pattern: String) -> Bool { fnmatch(pattern, text, 0) == 0 }
}
