import OCI

extension Operation {
    static let ec2Instances: [Operation] = [
        form("RunInstances", running, changes: true, makes: ["instance", "volume", "network-interface"]) {
            world,
            call throws(Failure) in
            try world.runInstances(call)
        },
        form(
            "DescribeInstances",
            [.optional("InstanceIds", .list(.text), as: "InstanceId"), EC2Shapes.filters] + EC2Shapes.paging
        ) { world, call throws(Failure) in try world.describeInstances(call) },
        form(
            "StopInstances",
            [instances, .optional("Hibernate", .boolean), .optional("Force", .boolean)],
            changes: true
        ) { world, call throws(Failure) in try world.stopInstances(call) },
        form("TerminateInstances", [instances], changes: true) { world, call throws(Failure) in
            try world.terminateInstances(call)
        },
        form(
            "CreateImage",
            [
                .required("InstanceId"),
                EC2Shapes.imageName,
                EC2Shapes.description,
                .optional("NoReboot", .boolean),
                EC2Shapes.tagSpecifications,
            ],
            changes: true,
            makes: ["image", "snapshot"]
        ) { world, call throws(Failure) in try world.createImage(call) },
    ]

    static let ec2Networks: [Operation] = [
        form(
            "DescribeInstanceTypeOfferings",
            [.optional("LocationType", .choice("region", "availability-zone")), EC2Shapes.filters] + EC2Shapes.paging
        ) { world, call throws(Failure) in try world.describeInstanceTypeOfferings(call) },
        form(
            "DescribeSubnets",
            [.optional("SubnetIds", .list(.text), as: "SubnetId"), EC2Shapes.filters] + EC2Shapes.paging
        ) { world, call throws(Failure) in try world.describeSubnets(call) },
        form(
            "DescribeVpcEndpoints",
            [.optional("VpcEndpointIds", .list(.text), as: "VpcEndpointId"), EC2Shapes.filters] + EC2Shapes.paging
        ) { world, call throws(Failure) in try world.describeVpcEndpoints(call) },
        form(
            "DescribeRouteTables",
            [
                .optional("RouteTableIds", .list(.text), as: "RouteTableId"),
                EC2Shapes.filters,
                .optional("MaxResults", .integer(5...100)),
                .optional("NextToken"),
            ]
        ) { world, call throws(Failure) in try world.describeRouteTables(call) },
    ]

    private static let instances = Shape.Member.required("InstanceIds", .list(.text, 1...1000), as: "InstanceId")

    private static let running: [Shape.Member] = [
        // A template could name it, of which there are none here.
        .required("ImageId"),
        .optional("InstanceType"),
        .required("MinCount", .integer(1...1000)),
        .required("MaxCount", .integer(1...1000)),
        .optional("ClientToken", .text(0...64)),
        .optional("IamInstanceProfile", .structure([.optional("Arn"), .optional("Name")])),
        .optional("SubnetId"),
        .optional("SecurityGroupIds", .list(.text), as: "SecurityGroupId"),
        .optional("NetworkInterfaces", .list(.structure(networkInterface)), as: "NetworkInterface"),
        .optional("Placement", .structure([.optional("AvailabilityZone"), .optional("Tenancy")])),
        .optional("InstanceInitiatedShutdownBehavior", .choice("stop", "terminate")),
        .optional("InstanceMarketOptions", .structure(market)),
        .optional("MetadataOptions", .structure(metadata)),
        .optional("UserData"),
        .optional("EbsOptimized", .boolean),
        .optional("BlockDeviceMappings", .list(.structure(EC2Shapes.device)), as: "BlockDeviceMapping"),
        EC2Shapes.tagSpecifications,
    ]

    private static let networkInterface: [Shape.Member] = [
        .optional("AssociatePublicIpAddress", .boolean),
        .optional("DeleteOnTermination", .boolean),
        .optional("DeviceIndex", .number),
        .optional("Groups", .list(.text), as: "SecurityGroupId"),
        .optional("SubnetId"),
    ]

    private static let market: [Shape.Member] = [
        .optional("MarketType", .choice("spot")),
        .optional(
            "SpotOptions",
            .structure([
                .optional("MaxPrice"),
                .optional("SpotInstanceType", .choice("one-time", "persistent")),
                .optional("InstanceInterruptionBehavior", .choice("hibernate", "stop", "terminate")),
            ])
        ),
    ]

    private static let metadata: [Shape.Member] = [
        .optional("HttpTokens", .choice("optional", "required")),
        .optional("HttpPutResponseHopLimit", .integer(1...64)),
        .optional("HttpEndpoint", .choice("disabled", "enabled")),
        .optional("HttpProtocolIpv6", .choice("disabled", "enabled")),
        .optional("InstanceMetadataTags", .choice("disabled", "enabled")),
    ]
}
