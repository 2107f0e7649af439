import OCI

/// What a key's policy says of other accounts.
///
/// Conditions are not looked at.
///
/// Source: AWS Key Management Service Developer Guide, "Allowing users in other accounts to use a KMS key".
struct KeyPolicy: Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func usual(_ account: String) -> String {
        let statement = JSONValue.object([
            "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": .strings(["AWS": "arn:aws:iam::\(account):root"]),
        ])
        return JSONValue.object(["Version": "2012-10-17", "Statement": .array([statement])]).canonicalText
    }

    /// Whether somebody of the account may do what an action is called: `kms:Decrypt`.
    func allows(_ action: String, to account: String) -> Bool {
        guard let document = try? JSONValue.parse(Array(text.utf8)), let statements = document["Statement"] else {
            return false
        }
        let fitting = (statements.arrayValue ?? [statements]).filter { statement in
            Self.isFor(account, statement["Principal"]) && Self.covers(action, statement["Action"])
        }
        let effects = Set(fitting.map { $0["Effect"]?.stringValue })
        return effects.contains("Allow") && !effects.contains("Deny")
    }

    private static func isFor(_ account: String, _ principal: JSONValue?) -> Bool {
        let named = texts(principal?["AWS"] ?? principal)
        return named.contains { $0 == "*" || $0 == account || $0.hasPrefix("arn:aws:iam::\(account):") }
    }

    private static func covers(_ action: String, _ actions: JSONValue?) -> Bool {
        texts(actions).contains { $0 == "*" || $0 == action || $0.hasSuffix("*") && action.hasPrefix($0.dropLast()) }
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        value?.arrayValue?.compactMap(\.stringValue) ?? value?.stringValue.map { [$0] } ?? []
    }
}
