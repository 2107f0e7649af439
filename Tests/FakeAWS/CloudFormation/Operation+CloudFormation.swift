import OCI

extension Operation {
    /// What there is of CloudFormation.
    ///
    /// Source: AWS CloudFormation API Reference, version 2010-05-15.
    static let cloudFormation: [Operation] = [
        plain(.cloudformation, "ListStacks", [.optional("StackStatusFilter", .list(status)), token]) {
            world,
            call throws(Failure) in try world.listStacks(call)
        },
        plain(.cloudformation, "DescribeStacks", [.optional("StackName"), token]) { world, call throws(Failure) in
            try world.describeStacks(call)
        },
        plain(
            .cloudformation,
            "GetTemplate",
            [.optional("StackName"), .optional("TemplateStage", .choice("Original", "Processed"))]
        ) { world, call throws(Failure) in try world.getTemplate(call) },
        plain(
            .cloudformation,
            "CreateStack",
            [
                .required("StackName", .text(1...128) { isStackName($0) }),
                .required("TemplateBody", .text(1...51_200)),
                .optional(
                    "Parameters",
                    .list(.structure([.optional("ParameterKey"), .optional("ParameterValue")]))
                ),
                .optional(
                    "Capabilities",
                    .list(.choice("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"))
                ),
                .optional(
                    "Tags",
                    .list(.structure([.required("Key", .text(1...128)), .required("Value", .text(1...256))]), 0...50)
                ),
                .optional("ClientRequestToken", .text(1...128)),
            ],
            changes: true,
            madeTags: { [Tags.keys($0["Tags"]?.arrayValue ?? [])] }
        ) { world, call throws(Failure) in try world.createStack(call) },
    ]

    private static let token = Shape.Member.optional("NextToken", .text(1...1024))

    private static let status = Shape.choice(
        "CREATE_IN_PROGRESS",
        "CREATE_FAILED",
        "CREATE_COMPLETE",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_FAILED",
        "ROLLBACK_COMPLETE",
        "DELETE_IN_PROGRESS",
        "DELETE_FAILED",
        "DELETE_COMPLETE",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "REVIEW_IN_PROGRESS",
        "IMPORT_IN_PROGRESS",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_IN_PROGRESS",
        "IMPORT_ROLLBACK_FAILED",
        "IMPORT_ROLLBACK_COMPLETE"
    )

    private static func isStackName(_ text: String) -> Bool {
        text.first?.isLetter == true && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}
