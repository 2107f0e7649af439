/// The kinds of parameters of EC2 that several operations take.
///
/// Source: Amazon EC2 API Reference, version 2016-11-15.
enum EC2Shapes {
    static let dryRun = Shape.Member.optional("DryRun", .boolean)
    static let imageID = Shape.Member.required("ImageId")
    static let snapshotID = Shape.Member.required("SnapshotId")
    static let imageName = Shape.Member.required("Name", .text(3...128))
    static let description = Shape.Member.optional("Description", .text(0...255))
    static let value = Shape.structure([.optional("Value")])

    static let filters = Shape.Member.optional(
        "Filters",
        .list(.structure([.optional("Name"), .optional("Values", .list(.text, 0...200), as: "Value")])),
        as: "Filter"
    )
    static let paging: [Shape.Member] = [.optional("MaxResults", .integer(5...1000)), .optional("NextToken")]

    static let tagSpecifications = Shape.Member.optional(
        "TagSpecifications",
        .list(
            .structure([
                .optional("ResourceType"),
                .optional("Tags", .list(.structure(Tags.members)), as: "Tag"),
            ])
        ),
        as: "TagSpecification"
    )

    static let device: [Shape.Member] = [
        .optional(
            "Ebs",
            .structure([
                .optional("DeleteOnTermination", .boolean),
                .optional("Iops", .integer(100...256_000)),
                .optional("SnapshotId"),
                .optional("VolumeSize", .integer(1...65_536)),
                .optional("VolumeType", .choice("standard", "io1", "io2", "gp2", "sc1", "st1", "gp3")),
                .optional("KmsKeyId"),
                .optional("Throughput", .integer(125...2000)),
                .optional("OutpostArn"),
                .optional("AvailabilityZone"),
                .optional("Encrypted", .boolean),
                .optional("VolumeInitializationRate", .integer(100...300)),
                .optional("AvailabilityZoneId"),
                .optional("EbsCardIndex", .number),
            ])
        ),
        .optional("NoDevice"),
        .optional("DeviceName"),
        .optional("VirtualName"),
    ]

    static let launchPermissions = Shape.list(
        .structure([
            .optional("OrganizationArn"),
            .optional("OrganizationalUnitArn"),
            .optional("UserId"),
            .optional("Group", .choice("all")),
        ])
    )
    static let volumePermissions = Shape.list(
        .structure([.optional("UserId"), .optional("Group", .choice("all"))])
    )
}
