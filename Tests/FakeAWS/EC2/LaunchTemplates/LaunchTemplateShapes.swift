/// What a launch template may say, as far as images are concerned, and some of what stands beside it.
///
/// Source: Amazon EC2 API Reference, RequestLaunchTemplateData.
enum LaunchTemplateShapes {
    static let name = Shape.text(3...128) { text in
        text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "().-/_".contains($0)) }
    }
    /// One of the two has to be there.
    static let which: [Shape.Member] = [
        .optional("LaunchTemplateId"), .optional("LaunchTemplateName", name),
    ]
    static let clientToken = Shape.Member.optional("ClientToken", .text(0...128))
    static let versionDescription = Shape.Member.optional("VersionDescription", .text(0...255))
    static let versionDescribed = Shape.Member.optional("ResolveAlias", .boolean)
    static let paging: [Shape.Member] = [.optional("MaxResults", .integer(1...200)), .optional("NextToken")]

    static let data = Shape.Member.required(
        "LaunchTemplateData",
        .structure([
            .optional("ImageId"),
            .optional("InstanceType"),
            .optional("KeyName"),
            .optional("UserData"),
            .optional("EbsOptimized", .boolean),
            .optional("DisableApiTermination", .boolean),
            .optional("InstanceInitiatedShutdownBehavior", .choice("stop", "terminate")),
            .optional("IamInstanceProfile", .structure([.optional("Arn"), .optional("Name")])),
            .optional("Monitoring", .structure([.optional("Enabled", .boolean)])),
            .optional("BlockDeviceMappings", .list(.structure(EC2Shapes.device)), as: "BlockDeviceMapping"),
            .optional("SecurityGroupIds", .list(.text), as: "SecurityGroupId"),
            .optional("SecurityGroups", .list(.text), as: "SecurityGroup"),
            .optional(
                "NetworkInterfaces",
                .list(
                    .structure([
                        .optional("DeviceIndex", .number),
                        .optional("AssociatePublicIpAddress", .boolean),
                        .optional("DeleteOnTermination", .boolean),
                        .optional("SubnetId"),
                        .optional("Groups", .list(.text), as: "SecurityGroupId"),
                    ])
                ),
                as: "NetworkInterface"
            ),
            EC2Shapes.tagSpecifications,
            .optional(
                "MetadataOptions",
                .structure([
                    .optional("HttpTokens", .choice("optional", "required")),
                    .optional("HttpPutResponseHopLimit", .integer(1...64)),
                    .optional("HttpEndpoint", .choice("disabled", "enabled")),
                    .optional("HttpProtocolIpv6", .choice("disabled", "enabled")),
                    .optional("InstanceMetadataTags", .choice("disabled", "enabled")),
                ])
            ),
        ])
    )
}
