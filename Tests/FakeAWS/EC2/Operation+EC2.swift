import OCI

extension Operation {
    /// What there is of EC2: images, snapshots, instances and launch templates.
    static let ec2: [Operation] =
        ec2Images + ec2Snapshots + ec2Tags + ec2Instances + ec2Networks + launchTemplates

    private static let ec2Images: [Operation] = [
        form(
            "RegisterImage",
            [
                .optional("ImageLocation"),
                .optional("BillingProducts", .list(.text), as: "BillingProduct"),
                .optional("BootMode", .choice("legacy-bios", "uefi", "uefi-preferred")),
                .optional("TpmSupport", .choice("v2.0")),
                .optional("UefiData", .text(0...64_000)),
                .optional("ImdsSupport", .choice("v2.0")),
                EC2Shapes.tagSpecifications,
                EC2Shapes.imageName,
                EC2Shapes.description,
                .optional("Architecture", .choice("i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac")),
                .optional("KernelId"),
                .optional("RamdiskId"),
                .optional("RootDeviceName"),
                .optional("BlockDeviceMappings", .list(.structure(EC2Shapes.device)), as: "BlockDeviceMapping"),
                .optional("VirtualizationType", .choice("hvm", "paravirtual")),
                .optional("SriovNetSupport", .choice("simple")),
                .optional("EnaSupport", .boolean),
            ],
            changes: true,
            makes: ["image"]
        ) { world, call throws(Failure) in try world.registerImage(call) },
        form(
            "CopyImage",
            [
                .optional("ClientToken", .text(0...128)),
                EC2Shapes.description,
                .optional("Encrypted", .boolean),
                .optional("KmsKeyId"),
                EC2Shapes.imageName,
                .required("SourceImageId"),
                .required("SourceRegion"),
                .optional("DestinationOutpostArn"),
                .optional("CopyImageTags", .boolean),
                EC2Shapes.tagSpecifications,
                .optional("SnapshotCopyCompletionDurationMinutes", .integer(15...2880)),
                .optional("DestinationAvailabilityZone"),
                .optional("DestinationAvailabilityZoneId"),
            ],
            changes: true,
            makes: ["image", "snapshot"]
        ) { world, call throws(Failure) in try world.copyImage(call) },
        form(
            "DescribeImages",
            [
                .optional("ExecutableUsers", .list(.text), as: "ExecutableBy"),
                .optional("ImageIds", .list(.text), as: "ImageId"),
                .optional("Owners", .list(.text), as: "Owner"),
                .optional("IncludeDeprecated", .boolean),
                .optional("IncludeDisabled", .boolean),
                EC2Shapes.filters,
            ] + EC2Shapes.paging
        ) { world, call throws(Failure) in try world.describeImages(call) },
        form(
            "DeregisterImage",
            [EC2Shapes.imageID, .optional("DeleteAssociatedSnapshots", .boolean)],
            changes: true
        ) { world, call throws(Failure) in try world.deregisterImage(call) },
        form(
            "ModifyImageAttribute",
            [
                .optional("Attribute"),
                .optional("Description", EC2Shapes.value),
                EC2Shapes.imageID,
                .optional(
                    "LaunchPermission",
                    .structure([
                        .optional("Add", EC2Shapes.launchPermissions),
                        .optional("Remove", EC2Shapes.launchPermissions),
                    ])
                ),
                .optional("OperationType", .choice("add", "remove")),
                .optional("ProductCodes", .list(.text), as: "ProductCode"),
                .optional("UserGroups", .list(.text), as: "UserGroup"),
                .optional("UserIds", .list(.text), as: "UserId"),
                .optional("Value"),
                .optional("OrganizationArns", .list(.text), as: "OrganizationArn"),
                .optional("OrganizationalUnitArns", .list(.text), as: "OrganizationalUnitArn"),
                .optional("ImdsSupport", EC2Shapes.value),
            ],
            changes: true
        ) { world, call throws(Failure) in try world.modifyImageAttribute(call) },
        form(
            "DescribeImageAttribute",
            [
                .required(
                    "Attribute",
                    .choice(
                        "description",
                        "kernel",
                        "ramdisk",
                        "launchPermission",
                        "productCodes",
                        "blockDeviceMapping",
                        "sriovNetSupport",
                        "bootMode",
                        "tpmSupport",
                        "uefiData",
                        "lastLaunchedTime",
                        "imdsSupport",
                        "deregistrationProtection"
                    )
                ),
                EC2Shapes.imageID,
            ]
        ) { world, call throws(Failure) in try world.describeImageAttribute(call) },
        form(
            "EnableImageDeprecation",
            [EC2Shapes.imageID, .required("DeprecateAt", .timestamp)],
            changes: true
        ) { world, call throws(Failure) in try world.enableImageDeprecation(call) },
        form("DisableImageDeprecation", [EC2Shapes.imageID], changes: true) { world, call throws(Failure) in
            try world.disableImageDeprecation(call)
        },
    ]

    private static let ec2Snapshots: [Operation] = [
        form(
            "DescribeSnapshots",
            [
                .optional("OwnerIds", .list(.text), as: "Owner"),
                .optional("RestorableByUserIds", .list(.text), as: "RestorableBy"),
                .optional("SnapshotIds", .list(.text), as: "SnapshotId"),
                EC2Shapes.filters,
            ] + EC2Shapes.paging
        ) { world, call throws(Failure) in try world.describeSnapshots(call) },
        form(
            "CopySnapshot",
            [
                EC2Shapes.description,
                .optional("DestinationOutpostArn"),
                .optional("DestinationRegion"),
                .optional("Encrypted", .boolean),
                .optional("KmsKeyId"),
                .optional("PresignedUrl"),
                .required("SourceRegion"),
                .required("SourceSnapshotId"),
                EC2Shapes.tagSpecifications,
                .optional("CompletionDurationMinutes", .integer(15...2880)),
                .optional("DestinationAvailabilityZone"),
            ],
            changes: true,
            makes: ["snapshot"]
        ) { world, call throws(Failure) in try world.copySnapshot(call) },
        form("DeleteSnapshot", [EC2Shapes.snapshotID], changes: true) { world, call throws(Failure) in
            try world.deleteSnapshot(call)
        },
        form(
            "ModifySnapshotAttribute",
            [
                .optional("Attribute", .choice("productCodes", "createVolumePermission")),
                .optional(
                    "CreateVolumePermission",
                    .structure([
                        .optional("Add", EC2Shapes.volumePermissions),
                        .optional("Remove", EC2Shapes.volumePermissions),
                    ])
                ),
                .optional("GroupNames", .list(.text), as: "UserGroup"),
                .optional("OperationType", .choice("add", "remove")),
                EC2Shapes.snapshotID,
                .optional("UserIds", .list(.text), as: "UserId"),
            ],
            changes: true
        ) { world, call throws(Failure) in try world.modifySnapshotAttribute(call) },
        form(
            "DescribeSnapshotAttribute",
            [.required("Attribute", .choice("productCodes", "createVolumePermission")), EC2Shapes.snapshotID]
        ) { world, call throws(Failure) in try world.describeSnapshotAttribute(call) },
    ]

    private static let ec2Tags: [Operation] = [
        form(
            "CreateTags",
            [
                .required("Resources", .list(.text, 1...1000), as: "ResourceId"),
                .required("Tags", .list(.structure(Tags.members), 1...1000), as: "Tag"),
            ],
            changes: true
        ) { world, call throws(Failure) in try world.createTags(call) },
        form(
            "DeleteTags",
            [
                .required("Resources", .list(.text, 1...1000), as: "ResourceId"),
                .optional("Tags", .list(.structure(Tags.members)), as: "Tag"),
            ],
            changes: true
        ) { world, call throws(Failure) in try world.deleteTags(call) },
        form("DescribeTags", [EC2Shapes.filters] + EC2Shapes.paging) { world, call throws(Failure) in
            try world.describeTags(call)
        },
    ]

    /// `makes` are the types of what it makes, for which its call may bring tags.
    static func form(
        _ name: String,
        _ members: [Shape.Member],
        changes: Bool = false,
        makes types: [String] = [],
        _ work: @escaping @Sendable (inout World, Invocation) throws(Failure) -> Outcome
    ) -> Operation {
        var operation = Operation(
            service: .ec2,
            name: name,
            changes: changes,
            members: members + [EC2Shapes.dryRun],
            work: .world(work)
        )
        if !types.isEmpty { operation.madeTags = { madeTags(types, $0) } }
        return operation
    }

    private static func madeTags(_ types: [String], _ parameters: JSONValue) -> [Set<String>] {
        let all = parameters["TagSpecifications"]?.arrayValue ?? []
        return types.map { type in
            let own = all.filter { $0["ResourceType"]?.stringValue == type }
            return Tags.keys(own.flatMap { $0["Tags"]?.arrayValue ?? [] })
        }
    }
}
