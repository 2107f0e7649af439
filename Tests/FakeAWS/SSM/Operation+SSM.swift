extension Operation {
    /// What there is of Systems Manager: parameters, and commands for the agents of instances.
    ///
    /// Source: AWS Systems Manager API Reference, version 2014-11-06.
    static let ssm: [Operation] =
        ssmParameters + [
            json("DescribeInstanceInformation", information) { world, call throws(Failure) in
                try world.describeInstanceInformation(call)
            },
            json("SendCommand", sending, changes: true) { world, call throws(Failure) in try world.sendCommand(call) },
            json("GetCommandInvocation", [commandID, instanceID, .optional("PluginName", .text(4...Int.max))]) {
                world,
                call throws(Failure) in try world.getCommandInvocation(call)
            },
            json(
                "CancelCommand",
                [commandID, .optional("InstanceIds", .list(SSMShapes.instanceID, 0...50))],
                changes: true
            ) { world, call throws(Failure) in try world.cancelCommand(call) },
            json(
                "ListCommands",
                [
                    .optional("CommandId", SSMShapes.commandID),
                    .optional("InstanceId", SSMShapes.instanceID),
                    .optional("MaxResults", .integer(1...50)),
                    .optional("NextToken"),
                ]
            ) { world, call throws(Failure) in try world.listCommands(call) },
        ]

    private static let commandID = Shape.Member.required("CommandId", SSMShapes.commandID)
    private static let instanceID = Shape.Member.required("InstanceId", SSMShapes.instanceID)

    private static let information: [Shape.Member] = [
        .optional(
            "Filters",
            .list(
                .structure([
                    .required("Key", .text(1...Int.max)), .required("Values", .list(.text(1...Int.max), 1...100)),
                ])
            )
        ),
        .optional("MaxResults", .integer(5...50)),
        .optional("NextToken"),
    ]

    private static let sending: [Shape.Member] = [
        .optional("InstanceIds", .list(SSMShapes.instanceID, 0...50)),
        .required("DocumentName", .text(3...128)),
        .optional("DocumentVersion", .text(0...Int.max) { $0 == "$LATEST" || $0 == "$DEFAULT" || Int($0) != nil }),
        .optional("TimeoutSeconds", .integer(30...2_592_000)),
        .optional("Comment", .text(0...100)),
        .optional("Parameters", .map(.list(.text))),
        .optional("OutputS3Region", .text(3...20)),
        .optional("OutputS3BucketName", .text(3...63)),
        .optional("OutputS3KeyPrefix", .text(0...500)),
        .optional("MaxConcurrency", .text(1...7)),
        .optional("MaxErrors", .text(1...7)),
    ]

    private static func json(
        _ name: String,
        _ members: [Shape.Member],
        changes: Bool = false,
        _ work: @escaping @Sendable (inout World, Invocation) throws(Failure) -> Outcome
    ) -> Operation {
        Operation(service: .ssm, name: name, changes: changes, members: members, work: .world(work))
    }
}
