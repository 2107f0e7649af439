import OCI

extension Operation {
    /// What there is of the Elastic Container Registry, whose parameters begin with small letters.
    ///
    /// Source: Amazon ECR API Reference, version 2015-09-21.
    static let ecr: [Operation] = [
        plain(.ecr, "GetAuthorizationToken", [.optional("registryIds", .list(registry, 1...10))]) {
            world,
            call in world.getAuthorizationToken(call)
        },
        plain(
            .ecr,
            "DescribeRepositories",
            [
                .optional("registryId", registry),
                .optional("repositoryNames", .list(name, 1...100)),
                .optional("nextToken"),
                .optional("maxResults", .integer(1...1000)),
            ]
        ) { world, call throws(Failure) in try world.describeRepositories(call) },
        plain(
            .ecr,
            "CreateRepository",
            [
                .optional("registryId", registry),
                .required("repositoryName", name),
                .optional("tags", .list(.structure([.required("Key"), .required("Value")]))),
                .optional("imageTagMutability", .choice("MUTABLE", "IMMUTABLE")),
                .optional("imageScanningConfiguration", .structure([.optional("scanOnPush", .boolean)])),
                .optional(
                    "encryptionConfiguration",
                    .structure([
                        .required("encryptionType", .choice("AES256", "KMS", "KMS_DSSE")),
                        .optional("kmsKey", .text(1...2048)),
                    ])
                ),
            ],
            changes: true,
            madeTags: { [Tags.keys($0["tags"]?.arrayValue ?? [])] }
        ) { world, call throws(Failure) in try world.createRepository(call) },
    ]

    private static let registry = Shape.text(12...12) { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    private static let name = Shape.text(2...256) { isRepositoryName($0) }

    /// Words of small letters and digits, with single separators between them, in a path.
    private static func isRepositoryName(_ text: String) -> Bool {
        text.wholeMatch(of: /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*/) != nil
    }
}
