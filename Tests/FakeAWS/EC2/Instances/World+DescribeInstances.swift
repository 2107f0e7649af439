import OCI

extension World {
    private static let instanceFilters: Set<String> = [
        "architecture", "client-token", "image-id", "instance-id", "instance-lifecycle", "instance-state-code",
        "instance-state-name", "instance-type", "reservation-id", "subnet-id", "vpc-id",
    ]

    /// An instance that the caller owns.
    mutating func instance(_ id: String, _ call: Invocation) throws(Failure) -> Instance {
        try checkID(id, "i-", "InvalidInstanceID.Malformed")
        let unknown = Failure.ec2("InvalidInstanceID.NotFound", "The instance ID '\(id)' does not exist")
        guard var instance = self[call.region].instances[id], instance.owner == call.account else { throw unknown }
        guard isKnown(since: instance.launchTime, call) else { throw unknown }
        if instance.unknownRequests > 0 {
            instance.unknownRequests -= 1
            self[call.region].instances[id] = instance
            throw unknown
        }
        return instance
    }

    mutating func describeInstances(_ call: Invocation) throws(Failure) -> Outcome {
        let ids = call.texts("InstanceIds")
        if !ids.isEmpty, call.number("MaxResults") != nil {
            throw .ec2(
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults"
            )
        }
        let filters = try Filter.all(call, known: Self.instanceFilters)
        var found: [Instance] = []
        for id in ids { found.append(try instance(id, call)) }
        if ids.isEmpty {
            for id in self[call.region].instances.keys.sorted() {
                if let instance = try? instance(id, call) { found.append(instance) }
            }
        }
        for instance in found where instance.state == .pending { try checkCopy(instance.id) }
        // Each answer counts, also the one that a filter reads.
        for instance in found where instance.polls > 0 { self[call.region].instances[instance.id]?.polls -= 1 }
        let chosen = found.filter { instance in filters.allSatisfy { $0.fits(instance.fields, instance.tags) } }
        let page = try paged(chosen, call)
        let groups = Dictionary(grouping: page.items) { $0.reservation }.sorted { $0.key < $1.key }
        let items = groups.map { id, instances in Self.reservation(id, instances, call, profiles) }
        return .xml([.items("reservationSet", items)] + [page.next].compactMap(\.self))
    }

    /// What RunInstances answers.
    func reservation(_ id: String, _ call: Invocation) -> [XML] {
        let instances = self[call.region].instances.values.filter { $0.reservation == id }.sorted { $0.id < $1.id }
        return Self.reservation(id, instances, call, profiles)
    }

    private static func reservation(
        _ id: String,
        _ instances: [Instance],
        _ call: Invocation,
        _ profiles: [String: [InstanceProfile]]
    ) -> [XML] {
        let items = instances.map { instance in
            instance.xml(profiles[instance.owner]?.first { $0.name == instance.profile })
        }
        return [
            XML("reservationId", id), XML("ownerId", call.account), .items("groupSet", []),
            .items("instancesSet", items),
        ]
    }
}

extension Instance {
    fileprivate var fields: [String: [String]] {
        [
            "architecture": [architecture], "client-token": clientToken.map { [$0] } ?? [], "image-id": [image],
            "instance-id": [id], "instance-lifecycle": isSpot ? ["spot"] : [],
            "instance-state-code": [String(state.code)], "instance-state-name": [state.rawValue],
            "instance-type": [type], "reservation-id": [reservation], "subnet-id": [subnet], "vpc-id": [vpc],
        ]
    }

    fileprivate func xml(_ profile: InstanceProfile?) -> [XML] {
        let isThere = state != .terminated
        let volumes = devices.enumerated().map { number, device in
            [
                XML("deviceName", device.name),
                XML(
                    "ebs",
                    [
                        XML("volumeId", volume(number)), XML("status", "attached"),
                        XML("deleteOnTermination", device.deletesOnTermination),
                    ]
                ),
            ]
        }
        func option(_ name: String) -> String? { metadataOptions[name] }
        let elements: [XML?] = [
            XML("instanceId", id),
            XML("imageId", image),
            XML("instanceState", [XML("code", state.code), XML("name", state.rawValue)]),
            XML("privateDnsName", isThere ? "ip-172-31-0-10.\(region).compute.internal" : ""),
            XML("dnsName", ""),
            XML("reason", reason ?? ""),
            XML("amiLaunchIndex", 0),
            XML("instanceType", type),
            XML("launchTime", dateText(launchTime)),
            XML("placement", [XML("availabilityZone", Network.zone(region)), XML("tenancy", "default")]),
            XML("monitoring", [XML("state", "disabled")]),
            XML("subnetId", isThere ? subnet : nil),
            XML("vpcId", isThere ? vpc : nil),
            XML("privateIpAddress", isThere ? "172.31.0.10" : nil),
            XML("ipAddress", isThere && isPublic && state == .running ? "198.51.100.10" : nil),
            .items("groupSet", isThere ? groups.map { [XML("groupId", $0), XML("groupName", "default")] } : []),
            reason.map { XML("stateReason", [XML("code", $0), XML("message", $0)]) },
            XML("architecture", architecture),
            XML("rootDeviceType", "ebs"),
            XML("rootDeviceName", rootDevice),
            .items("blockDeviceMapping", isThere && state != .pending ? volumes : []),
            XML("virtualizationType", "hvm"),
            isSpot ? XML("instanceLifecycle", "spot") : nil,
            XML("clientToken", clientToken ?? ""),
            tags.isEmpty ? nil : Tags.xml(tags),
            XML("hypervisor", "xen"),
            profile.map { XML("iamInstanceProfile", [XML("arn", $0.arn(owner)), XML("id", "AIPA0000\(owner)")]) },
            XML(
                "metadataOptions",
                [
                    XML("state", state == .pending ? "pending" : "applied"),
                    XML("httpTokens", option("HttpTokens")),
                    XML("httpPutResponseHopLimit", option("HttpPutResponseHopLimit")),
                    XML("httpEndpoint", option("HttpEndpoint")),
                    XML("httpProtocolIpv6", option("HttpProtocolIpv6")),
                    XML("instanceMetadataTags", option("InstanceMetadataTags")),
                ].compactMap(\.self)
            ),
        ]
        return elements.compactMap(\.self)
    }

    private func volume(_ number: Int) -> String {
        let digits = id.dropFirst(2)
        return "vol-\(String(number, radix: 16))\(digits.dropFirst())"
    }
}
