import OCI

extension Operation {
    /// What there is of Auto Scaling.
    ///
    /// Source: Amazon EC2 Auto Scaling API Reference, version 2011-01-01.
    static let autoScaling: [Operation] = [
        plain(
            .autoscaling,
            "DescribeAutoScalingGroups",
            [
                .optional("AutoScalingGroupNames", .list(name)),
                .optional(
                    "Filters",
                    .list(.structure([.optional("Name"), .optional("Values", .list(.text))]))
                ),
            ] + paging
        ) { world, call throws(Failure) in try world.describeAutoScalingGroups(call) },
        plain(
            .autoscaling,
            "DescribeLaunchConfigurations",
            [.optional("LaunchConfigurationNames", .list(name))] + paging
        ) { world, call throws(Failure) in try world.describeLaunchConfigurations(call) },
        plain(
            .autoscaling,
            "CreateLaunchConfiguration",
            [
                .required("LaunchConfigurationName", name),
                .optional("ImageId", name),
                .optional("InstanceType", name),
                .optional("KeyName", name),
                .optional("UserData", .text(0...21_847)),
                .optional("IamInstanceProfile", .text(1...1600)),
                .optional("SecurityGroups", .list(.text)),
            ],
            changes: true
        ) { world, call throws(Failure) in try world.createLaunchConfiguration(call) },
        plain(
            .autoscaling,
            "CreateAutoScalingGroup",
            [
                .required("AutoScalingGroupName", name),
                .optional("LaunchConfigurationName", name),
                .optional(
                    "LaunchTemplate",
                    .structure([
                        .optional("LaunchTemplateId", name),
                        .optional("LaunchTemplateName", LaunchTemplateShapes.name),
                        .optional("Version", name),
                    ])
                ),
                .required("MinSize", .integer(0...Int64(Int32.max))),
                .required("MaxSize", .integer(0...Int64(Int32.max))),
                .optional("DesiredCapacity", .integer(0...Int64(Int32.max))),
                .optional("AvailabilityZones", .list(name)),
                .optional("VPCZoneIdentifier", .text(1...5000)),
                .optional(
                    "Tags",
                    .list(
                        .structure([
                            .optional("ResourceId"), .optional("ResourceType"), .required("Key", .text(1...128)),
                            .optional("Value", .text(0...256)), .optional("PropagateAtLaunch", .boolean),
                        ])
                    )
                ),
            ],
            changes: true,
            madeTags: { [Tags.keys($0["Tags"]?.arrayValue ?? [])] }
        ) { world, call throws(Failure) in try world.createAutoScalingGroup(call) },
    ]

    private static let name = Shape.text(1...255)
    private static let paging: [Shape.Member] = [.optional("MaxRecords", .integer(1...100)), .optional("NextToken")]
}
