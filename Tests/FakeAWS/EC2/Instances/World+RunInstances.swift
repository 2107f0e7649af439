import OCI

extension World {
    mutating func runInstances(_ call: Invocation) throws(Failure) -> Outcome {
        let token = call.text("ClientToken").map {
            Token(operation: "RunInstances", account: call.account, region: call.region, text: $0)
        }
        if let token, let known = tokens[token] {
            guard known.parameters == call.parameters else {
                throw .ec2(
                    "IdempotentParameterMismatch",
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
                )
            }
            return .xml(reservation(known.id, call))
        }
        let first = try newInstance(call)
        let (least, most) = (call.number("MinCount") ?? 1, call.number("MaxCount") ?? 1)
        guard least <= most else {
            throw .ec2("InvalidParameterValue", "Value (\(least)) for parameter minCount is invalid.")
        }
        try checkCapacity(first)
        for number in 0..<most {
            let instance = number == 0 ? first : try newInstance(call, in: first.reservation)
            self[call.region].instances[instance.id] = instance
            if behaviour.failingInstances > 0 {
                behaviour.failingInstances -= 1
                self[call.region].instances[instance.id]?.fails = true
            }
            if let root = self[call.region].images[instance.image]?.root { machines.copy(root, to: instance.id) }
        }
        if let token { tokens[token] = (call.parameters, first.reservation) }
        return .xml(reservation(first.reservation, call))
    }

    private mutating func newInstance(_ call: Invocation, in reservation: String? = nil) throws(Failure) -> Instance {
        let image = try image(call.text("ImageId") ?? "", call, isRead: true)
        guard image.isAvailable(now: call.now) else {
            throw .ec2("InvalidAMIID.Unavailable", "The image ID '\(image.id)' is not available")
        }
        let type = call.text("InstanceType") ?? "m1.small"
        try image.checkFits(type)
        let network = try newNetworkChoice(call)
        let tags = try newTags(call, ["instance", "volume", "network-interface", "spot-instances-request"])
        var instance = Instance(
            id: newID("i"),
            owner: call.account,
            region: call.region,
            reservation: reservation ?? newID("r"),
            image: image.id,
            type: type,
            vpc: network.network.vpc,
            subnet: network.network.subnet,
            groups: network.groups,
            isPublic: network.isPublic,
            devices: try image.devices(mappedBy: call) { key($0, call.region, call.account) },
            metadataOptions: Self.metadata(call, image),
            tags: tags["instance"] ?? [:],
            volumeTags: tags["volume"] ?? [:],
            launchTime: call.now,
            architecture: image.architecture,
            rootDevice: image.rootDevice,
            hasTree: image.root != nil,
            clientToken: call.text("ClientToken"),
            unknownRequests: behaviour.unknownInstanceRequests,
            polls: behaviour.pendingInstancePolls
        )
        instance.profile = try newProfile(call)
        instance.endsOnShutdown = call.text("InstanceInitiatedShutdownBehavior") == "terminate"
        instance.isSpot = try isSpot(call)
        instance.userData = try userData(call)
        instance.agent.unknownPolls = behaviour.unknownAgentPolls
        return instance
    }

    private func checkCapacity(_ instance: Instance) throws(Failure) {
        if behaviour.unoffered.contains(instance.type) {
            throw .ec2(
                "Unsupported",
                "Your requested instance type (\(instance.type)) is not supported in your requested Availability Zone "
                    + "(\(Network.zone(instance.region)))."
            )
        }
        let names: Set<String> = instance.isSpot ? [instance.type, "spot:\(instance.type)", "spot:*"] : [instance.type]
        guard behaviour.exhausted.isDisjoint(with: names) else {
            let zone = Network.zone(instance.region)
            throw Failure(
                500,
                "InsufficientInstanceCapacity",
                instance.isSpot
                    ? "There is no Spot capacity available that matches your request."
                    : "We currently do not have sufficient \(instance.type) capacity in the Availability Zone you "
                        + "requested (\(zone)). Our system will be working on provisioning additional capacity."
            )
        }
    }

    private typealias Choice = (network: Network, groups: [String], isPublic: Bool)

    private mutating func newNetworkChoice(_ call: Invocation) throws(Failure) -> Choice {
        var (subnet, groups) = (call.text("SubnetId"), call.texts("SecurityGroupIds"))
        var isPublic: Bool?
        let zone = Network.zone(call.region)
        if let asked = call.parameters["Placement"]?["AvailabilityZone"]?.stringValue, asked != zone {
            throw .ec2("InvalidParameterValue", "Invalid availability zone: [\(asked)]")
        }
        if let interface = call.items("NetworkInterfaces").first {
            guard subnet == nil, groups.isEmpty else {
                throw .ec2(
                    "InvalidParameterCombination",
                    "Network interfaces and an instance-level subnet ID or security groups may not be specified on the "
                        + "same request"
                )
            }
            guard call.items("NetworkInterfaces").count == 1, interface["DeviceIndex"]?.integerValue == 0 else {
                throw .ec2("InvalidParameterValue", "The fake has one network interface at device index 0.")
            }
            subnet = interface["SubnetId"]?.stringValue
            groups = interface["Groups"]?.arrayValue?.compactMap(\.stringValue) ?? []
            isPublic = interface["AssociatePublicIpAddress"]?.boolValue
        }
        let networks = networks(call.region, call.account)
        let network = try subnet.map { (id) throws(Failure) in try self.network(ofSubnet: id, call) } ?? networks[0]
        for group in groups {
            try checkID(group, "sg-", "InvalidGroupId.Malformed")
            guard networks.contains(where: { $0.group == group }) else {
                throw .ec2("InvalidGroup.NotFound", "The security group '\(group)' does not exist")
            }
            guard network.group == group else {
                throw .ec2(
                    "InvalidParameter",
                    "Security group \(group) and subnet \(network.subnet) belong to different networks."
                )
            }
        }
        return (network, groups.isEmpty ? [network.group] : groups, isPublic ?? network.mapsPublicAddresses)
    }

    private func newProfile(_ call: Invocation) throws(Failure) -> String? {
        guard let given = call.parameters["IamInstanceProfile"]?.objectValue else { return nil }
        guard given.count == 1 else {
            throw .ec2(
                "InvalidParameterCombination",
                "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'"
            )
        }
        let known = profiles[call.account] ?? []
        let (name, arn) = (given["Name"]?.stringValue, given["Arn"]?.stringValue)
        guard let profile = known.first(where: { $0.name == name || $0.arn(call.account) == arn }) else {
            throw .ec2Value(
                name ?? arn ?? "",
                "iamInstanceProfile.\(name == nil ? "arn" : "name")",
                "Invalid IAM Instance Profile \(name == nil ? "ARN" : "name")"
            )
        }
        // Whoever starts it gives a role away.
        if behaviour.denied.contains("iam:PassRole") { throw Service.ec2.denied("PassRole", to: call.arn) }
        return profile.name
    }

    private func isSpot(_ call: Invocation) throws(Failure) -> Bool {
        guard let market = call.parameters["InstanceMarketOptions"] else { return false }
        let options = market["SpotOptions"]
        guard market["MarketType"]?.stringValue == "spot" else {
            throw .ec2("InvalidParameterCombination", "SpotOptions require the market type 'spot'.")
        }
        let isPersistent = options?["SpotInstanceType"]?.stringValue == "persistent"
        if let interruption = options?["InstanceInterruptionBehavior"]?.stringValue, interruption != "terminate",
            !isPersistent
        {
            throw .ec2(
                "InvalidParameterCombination",
                "The interruption behavior '\(interruption)' is only supported for persistent Spot requests."
            )
        }
        if isPersistent {
            throw .ec2("UnsupportedOperation", "The fake has one-time Spot requests only.")
        }
        return true
    }

    private func userData(_ call: Invocation) throws(Failure) -> String? {
        guard let text = call.text("UserData"), !text.isEmpty else { return nil }
        guard let bytes = Base64.decode(text) else {
            throw .ec2("InvalidParameterValue", "Invalid BASE64 encoding of user data.")
        }
        guard bytes.count <= 16_384 else {
            throw .ec2("InvalidParameterValue", "User data is limited to 16384 bytes")
        }
        return text
    }

    private static func metadata(_ call: Invocation, _ image: Image) -> [String: String] {
        let isStrict = image.imdsSupport == "v2.0"
        var options = [
            "HttpTokens": isStrict ? "required" : "optional", "HttpPutResponseHopLimit": isStrict ? "2" : "1",
            "HttpEndpoint": "enabled", "HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "disabled",
        ]
        for (name, value) in call.parameters["MetadataOptions"]?.objectValue ?? [:] {
            options[name] = value.stringValue ?? value.integerValue.map { String($0) }
        }
        return options
    }
}
