import OCI

extension World {
    /// A password for the user `AWS`, good for twelve hours or as long as the behaviour says.
    mutating func getAuthorizationToken(_ call: Invocation) -> Outcome {
        let password = "password-of-the-fake-\(newSerial())"
        let expires = call.now + (behaviour.tokenSeconds ?? 43_200)
        registryPasswords[password] = expires
        let asked = call.texts("registryIds")
        let data = (asked.isEmpty ? [call.account] : asked).map { account in
            JSONValue.object([
                "authorizationToken": .string(Base64.encode(Array("AWS:\(password)".utf8))),
                "expiresAt": epochDate(expires),
                "proxyEndpoint": .string(
                    registryEndpoint ?? "https://\(account).dkr.ecr.\(call.region).amazonaws.com"
                ),
            ])
        }
        return .json(200, .object(["authorizationData": .array(data)]))
    }

    func describeRepositories(_ call: Invocation) throws(Failure) -> Outcome {
        let own = self[call.region].repositories[try registry(call)] ?? [:]
        let names = call.texts("repositoryNames")
        if !names.isEmpty, call.number("maxResults") != nil || call.text("nextToken") != nil {
            throw .ecrInvalid("maxResults and nextToken cannot be used with repositoryNames")
        }
        var found: [Repository] = []
        for name in names {
            guard let repository = own[name] else { throw .ecrUnknown(name, try registry(call)) }
            found.append(repository)
        }
        if names.isEmpty { found = own.values.sorted { $0.name < $1.name } }
        guard let page = Page(of: found, call, size: "maxResults", token: "nextToken", usual: 100) else {
            throw .ecrInvalid("Invalid parameter at 'nextToken'")
        }
        return .json(
            200,
            .object([
                "repositories": .array(page.items.map(\.document)), "nextToken": page.next.map(JSONValue.string),
            ])
        )
    }

    mutating func createRepository(_ call: Invocation) throws(Failure) -> Outcome {
        let (name, account) = (call.text("repositoryName") ?? "", try registry(call))
        guard self[call.region].repositories[account]?[name] == nil else {
            throw Failure(
                400,
                "RepositoryAlreadyExistsException",
                "The repository with name '\(name)' already exists in the registry with id '\(account)'"
            )
        }
        let encryption = call.parameters["encryptionConfiguration"]
        if encryption?["kmsKey"] != nil {
            guard encryption?["encryptionType"]?.stringValue == "KMS",
                let key = encryption?["kmsKey"]?.stringValue.flatMap({ self.key($0, call.region, call.account) }),
                key.state == .enabled
            else { throw Failure(400, "KmsException", "The KMS key is not there, not enabled, or not asked for") }
        }
        var tags: [String: String] = [:]
        switch Tags.read(call.items("tags")) {
        case .success(let read): tags = read
        case .failure(let failure) where failure.code == "TagLimitExceeded":
            throw Failure(400, "TooManyTagsException", failure.message)
        case .failure(let failure): throw Failure(400, "InvalidTagParameterException", failure.message)
        }
        let repository = Repository(
            name: name,
            account: account,
            region: call.region,
            mutability: call.text("imageTagMutability") ?? "MUTABLE",
            scansOnPush: call.parameters["imageScanningConfiguration"]?["scanOnPush"]?.boolValue ?? false,
            encryption: encryption?["encryptionType"]?.stringValue ?? "AES256",
            tags: tags,
            date: call.now
        )
        self[call.region].repositories[account, default: [:]][name] = repository
        return .json(200, .object(["repository": repository.document]))
    }

    /// Only the account's own.
    private func registry(_ call: Invocation) throws(Failure) -> String {
        let id = call.text("registryId") ?? call.account
        guard id == call.account else { throw Service.ecr.denied(call.operation.name, to: call.arn) }
        return id
    }
}

extension Repository {
    fileprivate var document: JSONValue {
        .object([
            "repositoryArn": .string(arn),
            "registryId": .string(account),
            "repositoryName": .string(name),
            "repositoryUri": .string(uri),
            "createdAt": epochDate(date),
            "imageTagMutability": .string(mutability),
            "imageScanningConfiguration": .object(["scanOnPush": .bool(scansOnPush)]),
            "encryptionConfiguration": .strings(["encryptionType": encryption]),
        ])
    }
}

extension Failure {
    /// Of the Elastic Container Registry.
    fileprivate static func ecrInvalid(_ message: String) -> Failure {
        Failure(400, "InvalidParameterException", message)
    }

    fileprivate static func ecrUnknown(_ name: String, _ registry: String) -> Failure {
        Failure(
            400,
            "RepositoryNotFoundException",
            "The repository with name '\(name)' does not exist in the registry with id '\(registry)'"
        )
    }
}
