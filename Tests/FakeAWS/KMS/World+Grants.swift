import OCI

extension World {
    mutating func createGrant(_ call: Invocation) throws(Failure) -> Outcome {
        var key = try calledKey(call)
        guard !key.isManagedByAWS else { throw Service.kms.denied("CreateGrant", to: call.arn) }
        guard key.state == .enabled else { throw .kmsState(key) }
        for name in ["GranteePrincipal", "RetiringPrincipal"] {
            if let arn = call.text(name) { try Self.checkPrincipal(arn) }
        }
        let made = Key.Grant(
            id: newGrantID(),
            name: call.text("Name"),
            grantee: call.text("GranteePrincipal") ?? "",
            retiring: call.text("RetiringPrincipal"),
            operations: call.texts("Operations"),
            constraints: call.parameters["Constraints"],
            date: call.now
        )
        // With a name the same grant is made once.
        let known = key.grants.first { made.name != nil && $0.isLike(made) }
        if known == nil {
            key.grants.append(made)
            self[call.region].keys[key.arn] = key
        }
        let id = (known ?? made).id
        return .json(200, .strings(["GrantId": id, "GrantToken": Base64.encode(Array("grant \(id)".utf8))]))
    }

    private mutating func newGrantID() -> String {
        let digits = String(newSerial(), radix: 16)
        return String(repeating: "0", count: 64 - digits.count) + digits
    }

    private static func checkPrincipal(_ arn: String) throws(Failure) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "iam" || parts[2] == "sts", parts[4].utf8.count == 12
        else { throw Failure(400, "InvalidArnException", "ARN does not refer to a valid principal: \(arn)") }
    }

    func listGrants(_ call: Invocation) throws(Failure) -> Outcome {
        let key = try calledKey(call)
        let chosen = key.grants.filter { grant in
            let (id, grantee) = (call.text("GrantId"), call.text("GranteePrincipal"))
            return (id == nil || id == grant.id) && (grantee == nil || grantee == grant.grantee)
        }
        let page = try keyPage(chosen, call)
        return .json(200, Self.document("Grants", page.items.map { $0.document(key) }, page.next))
    }
}

extension Key.Grant {
    fileprivate func isLike(_ other: Self) -> Bool {
        name == other.name && grantee == other.grantee && retiring == other.retiring
            && operations == other.operations && constraints == other.constraints
    }

    fileprivate func document(_ key: Key) -> JSONValue {
        .object([
            "KeyId": .string(key.arn),
            "GrantId": .string(id),
            "Name": .string(name ?? ""),
            "CreationDate": epochDate(date),
            "GranteePrincipal": .string(grantee),
            "RetiringPrincipal": retiring.map(JSONValue.string),
            "IssuingAccount": .string("arn:aws:iam::\(key.account):root"),
            "Operations": .strings(operations),
            "Constraints": constraints,
        ])
    }
}
