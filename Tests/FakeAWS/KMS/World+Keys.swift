import OCI

extension World {
    func describeKey(_ call: Invocation) throws(Failure) -> Outcome {
        let key = try calledKey(call, isAliasGood: true)
        let metadata = JSONValue.object([
            "AWSAccountId": .string(key.account),
            "KeyId": .string(key.id),
            "Arn": .string(key.arn),
            "CreationDate": epochDate(key.date),
            "Enabled": .bool(key.state == .enabled),
            "Description": "",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": .string(key.state.rawValue),
            "DeletionDate": key.state == .pendingDeletion ? epochDate(call.now + 30 * 86_400) : nil,
            "Origin": "AWS_KMS",
            "KeyManager": key.isManagedByAWS ? "AWS" : "CUSTOMER",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": .strings(["SYMMETRIC_DEFAULT"]),
            "MultiRegion": false,
        ])
        return .json(200, .object(["KeyMetadata": metadata]))
    }

    func getKeyPolicy(_ call: Invocation) throws(Failure) -> Outcome {
        let key = try calledKey(call)
        guard key.account == call.account else { throw Service.kms.denied("GetKeyPolicy", to: call.arn) }
        let name = call.text("PolicyName") ?? "default"
        guard name == "default" else { throw .kmsUnknown("No such policy exists") }
        return .json(200, .strings(["Policy": key.document.text, "PolicyName": name]))
    }

    func listAliases(_ call: Invocation) throws(Failure) -> Outcome {
        let chosen = try call.text("KeyId").map { (_) throws(Failure) in try calledKey(call).arn }
        let own = Array(self[call.region].keys.values) + [Key.ofEBS(call.account, call.region)]
        let all = own.filter { $0.account == call.account && (chosen == nil || $0.arn == chosen) }
            .flatMap { key in key.aliases.map { ($0, key) } }.sorted { $0.0 < $1.0 }
        let page = try keyPage(all, call)
        let items = page.items.map { alias, key in
            JSONValue.object([
                "AliasName": .string(alias),
                "AliasArn": .string("arn:aws:kms:\(key.region):\(key.account):\(alias)"),
                "TargetKeyId": .string(key.id),
                "CreationDate": epochDate(key.date),
                "LastUpdatedDate": epochDate(key.date),
            ])
        }
        return .json(200, Self.document("Aliases", items, page.next))
    }

    func keyPage<Item>(_ items: [Item], _ call: Invocation) throws(Failure) -> Page<Item> {
        guard let page = Page(of: items, call, size: "Limit", token: "Marker", usual: 50) else {
            throw Failure(400, "InvalidMarkerException", "The marker is not valid.")
        }
        return page
    }

    static func document(_ name: String, _ items: [JSONValue], _ next: String?) -> JSONValue {
        .object([
            name: .array(items), "Truncated": .bool(next != nil), "NextMarker": next.map(JSONValue.string),
        ])
    }
}
