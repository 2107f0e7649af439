extension World {
    /// A key of a region by its ARN, or by its id or alias in an account; nil where there is none.
    func key(_ text: String, _ region: String, _ account: String) -> Key? {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        var (owner, name) = (account, text)
        if parts[0] == "arn" {
            guard parts.count == 6, parts[2] == "kms", parts[3] == region, parts[5].contains("/") else { return nil }
            (owner, name) = (parts[4], parts[5])
            if name.hasPrefix("key/") { name = String(name.dropFirst(4)) }
        }
        let known = Array(self[region].keys.values) + (accounts[owner] == nil ? [] : [Key.ofEBS(owner, region)])
        return known.first { $0.account == owner && ($0.id == name || $0.aliases.contains(name)) }
    }

    /// Whether an account may use a key: its own, or one whose policy or grants say so.
    func mayUse(_ key: Key, _ action: String, by account: String) -> Bool {
        let name = action.split(separator: ":").last.map(String.init) ?? ""
        let isGranted = key.grants.contains {
            $0.grantee.hasPrefix("arn:aws:iam::\(account):") && $0.operations.contains(name)
        }
        return key.account == account || isGranted || key.document.allows(action, to: account)
    }

    /// Whether nobody else can ever use what the key encrypts.
    func isManagedByAWS(_ arn: String, _ region: String) -> Bool { key(arn, region, "")?.isManagedByAWS ?? false }

    /// The key that a call names; with `isAliasGood` also by an alias.
    func calledKey(_ call: Invocation, isAliasGood: Bool = false) throws(Failure) -> Key {
        let text = call.text("KeyId") ?? ""
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts[0] == "arn" {
            guard parts.count == 6, parts[2] == "kms", parts[4].utf8.count == 12 else {
                throw Failure(400, "InvalidArnException", "Invalid arn \(text)")
            }
            guard parts[3] == call.region else { throw .kmsUnknown("Invalid arn \(parts[3])") }
        }
        let isAlias = (parts.last ?? "").hasPrefix("alias/")
        if isAlias, !isAliasGood { throw .kmsUnknown("Invalid keyId '\(text)'") }
        guard let key = key(text, call.region, call.account) else {
            let kind = isAlias ? "alias" : "key"
            let name = parts.last.map { $0.hasPrefix("\(kind)/") ? $0 : "\(kind)/\($0)" } ?? ""
            let arn = parts[0] == "arn" ? text : "arn:aws:kms:\(call.region):\(call.account):\(name)"
            throw .kmsUnknown(isAlias ? "Alias \(arn) is not found." : "Key '\(arn)' does not exist")
        }
        guard mayUse(key, "kms:\(call.operation.name)", by: call.account) else {
            throw Service.kms.denied(call.operation.name, to: call.arn)
        }
        return key
    }
}
