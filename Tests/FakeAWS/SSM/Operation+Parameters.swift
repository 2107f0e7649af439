import OCI

extension Operation {
    /// The parameters of Systems Manager.
    ///
    /// Source: AWS Systems Manager API Reference, version 2014-11-06.
    static let ssmParameters: [Operation] = [
        plain(
            .ssm,
            "PutParameter",
            [
                .required("Name", .text(1...2048)),
                .optional("Description", .text(0...1024)),
                .required("Value", .text(1...Int.max)),
                .optional("Type", .choice("String", "StringList", "SecureString")),
                .optional("KeyId", .text(1...256)),
                .optional("Overwrite", .boolean),
                .optional("AllowedPattern", .text(0...1024)),
                tags,
                .optional("Tier", .choice("Standard", "Advanced", "Intelligent-Tiering")),
                .optional("DataType", .text(0...128)),
            ],
            changes: true,
            madeTags: { $0["Overwrite"]?.boolValue == true ? [] : [Tags.keys($0["Tags"]?.arrayValue ?? [])] }
        ) { world, call throws(Failure) in try world.putParameter(call) },
        plain(.ssm, "GetParameter", [name, decryption]) { world, call throws(Failure) in
            try world.getParameter(call)
        },
        plain(.ssm, "GetParameters", [.required("Names", .list(.text(1...2048), 1...10)), decryption]) {
            world,
            call throws(Failure) in try world.getParameters(call)
        },
        plain(
            .ssm,
            "GetParametersByPath",
            [
                .required("Path", .text(1...2048)),
                .optional("Recursive", .boolean),
                filters,
                decryption,
                .optional("MaxResults", .integer(1...10)),
                .optional("NextToken"),
            ]
        ) { world, call throws(Failure) in try world.getParametersByPath(call) },
        plain(
            .ssm,
            "DescribeParameters",
            [filters, .optional("MaxResults", .integer(1...50)), .optional("NextToken")]
        ) { world, call throws(Failure) in try world.describeParameters(call) },
        plain(
            .ssm,
            "GetParameterHistory",
            [name, decryption, .optional("MaxResults", .integer(1...50)), .optional("NextToken")]
        ) { world, call throws(Failure) in try world.getParameterHistory(call) },
        plain(.ssm, "DeleteParameter", [name], changes: true) { world, call throws(Failure) in
            try world.deleteParameter(call)
        },
        plain(
            .ssm,
            "AddTagsToResource",
            tagged + [.required("Tags", .list(.structure(tagMembers), 0...1000))],
            changes: true
        ) { world, call throws(Failure) in try world.addTagsToResource(call) },
        plain(
            .ssm,
            "RemoveTagsFromResource",
            tagged + [.required("TagKeys", .list(.text(1...128)))],
            changes: true
        ) { world, call throws(Failure) in try world.removeTagsFromResource(call) },
        plain(.ssm, "ListTagsForResource", tagged) { world, call throws(Failure) in
            try world.listTagsForResource(call)
        },
    ]

    private static let name = Shape.Member.required("Name", .text(1...2048))
    private static let decryption = Shape.Member.optional("WithDecryption", .boolean)
    private static let tagMembers: [Shape.Member] = [
        .required("Key", .text(1...128, where: isTagText)), .required("Value", .text(0...256, where: isTagText)),
    ]
    private static let tags = Shape.Member.optional("Tags", .list(.structure(tagMembers), 0...1000))
    private static let tagged: [Shape.Member] = [.required("ResourceType"), .required("ResourceId")]
    private static let filters = Shape.Member.optional(
        "ParameterFilters",
        .list(
            .structure([
                .required("Key", .text(1...132)),
                .optional("Option", .text(1...10)),
                .optional("Values", .list(.text(1...1024), 1...50)),
            ])
        )
    )

    private static func isTagText(_ text: String) -> Bool {
        text.allSatisfy { $0.isLetter || $0.isNumber || $0.isWhitespace || "_.:/=+-@".contains($0) }
    }
}
