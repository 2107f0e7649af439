extension Operation {
    /// What there is of the Key Management Service.
    ///
    /// Source: AWS Key Management Service API Reference, version 2014-11-01.
    static let kms: [Operation] = [
        plain(.kms, "DescribeKey", [keyID, grantTokens]) { world, call throws(Failure) in
            try world.describeKey(call)
        },
        plain(.kms, "GetKeyPolicy", [keyID, .optional("PolicyName", .text(1...128))]) {
            world,
            call throws(Failure) in try world.getKeyPolicy(call)
        },
        plain(
            .kms,
            "ListGrants",
            [keyID, .optional("GrantId", .text(1...128)), .optional("GranteePrincipal", principal)] + paging
        ) { world, call throws(Failure) in try world.listGrants(call) },
        plain(
            .kms,
            "CreateGrant",
            [
                keyID,
                .required("GranteePrincipal", principal),
                .optional("RetiringPrincipal", principal),
                .required("Operations", .list(grantOperation, 1...Int.max)),
                .optional(
                    "Constraints",
                    .structure([
                        .optional("EncryptionContextSubset", .map(.text)),
                        .optional("EncryptionContextEquals", .map(.text)),
                    ])
                ),
                grantTokens,
                .optional("Name", .text(1...256) { $0.allSatisfy { $0.isASCII && isGrantName($0) } }),
            ],
            changes: true
        ) { world, call throws(Failure) in try world.createGrant(call) },
        plain(.kms, "ListAliases", [.optional("KeyId", .text(1...2048))] + paging) { world, call throws(Failure) in
            try world.listAliases(call)
        },
    ]

    private static let keyID = Shape.Member.required("KeyId", .text(1...2048))
    private static let grantTokens = Shape.Member.optional("GrantTokens", .list(.text(1...8192), 0...10))
    private static let principal = Shape.text(1...256)
    private static let paging: [Shape.Member] = [
        .optional("Limit", .integer(1...1000)), .optional("Marker", .text(1...1024)),
    ]
    /// Of keys that encrypt.
    private static let grantOperation = Shape.choice(
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "CreateGrant",
        "RetireGrant",
        "DescribeKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext"
    )

    private static func isGrantName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || ":/_-".contains(character)
    }
}
