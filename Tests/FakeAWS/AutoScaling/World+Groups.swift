import OCI

extension World {
    /// Names that are not there are left out, and nothing says so.
    func describeAutoScalingGroups(_ call: Invocation) throws(Failure) -> Outcome {
        let filters = try groupFilters(call)
        let names = call.texts("AutoScalingGroupNames")
        let all = (self[call.region].groups[call.account] ?? [:]).values.sorted { $0.name < $1.name }
        let chosen = all.filter { group in
            (names.isEmpty || names.contains(group.name)) && filters.allSatisfy { $0(group.tags) }
        }
        let page = try scalingPage(chosen, call)
        return .xml(
            [.members("AutoScalingGroups", page.items.map(\.xml))] + [XML("NextToken", page.next)].compactMap(\.self)
        )
    }

    private func groupFilters(
        _ call: Invocation
    ) throws(Failure) -> [@Sendable ([String: String]) -> Bool] {
        var filters: [@Sendable ([String: String]) -> Bool] = []
        for item in call.items("Filters") {
            let name = item["Name"]?.stringValue ?? ""
            let values = item["Values"]?.arrayValue?.compactMap(\.stringValue) ?? []
            switch name {
            case "tag-key": filters.append { tags in values.contains { tags[$0] != nil } }
            case "tag-value": filters.append { tags in tags.values.contains { values.contains($0) } }
            case _ where name.hasPrefix("tag:"):
                filters.append { tags in tags[String(name.dropFirst(4))].map { values.contains($0) } ?? false }
            default: throw .scalingInvalid("Filter name '\(name)' is not valid.")
            }
        }
        return filters
    }

    func describeLaunchConfigurations(_ call: Invocation) throws(Failure) -> Outcome {
        let names = call.texts("LaunchConfigurationNames")
        let all = (self[call.region].launchConfigurations[call.account] ?? [:]).values.sorted { $0.name < $1.name }
        let page = try scalingPage(all.filter { names.isEmpty || names.contains($0.name) }, call)
        return .xml(
            [.members("LaunchConfigurations", page.items.map(\.xml))]
                + [XML("NextToken", page.next)].compactMap(\.self)
        )
    }

    private func scalingPage<Item>(_ items: [Item], _ call: Invocation) throws(Failure) -> Page<Item> {
        let isEmptyFirst = behaviour.emptyFirstPages
        guard let page = Page(of: items, call, size: "MaxRecords", usual: 50, isEmptyFirst: isEmptyFirst) else {
            throw Failure(400, "InvalidNextToken", "The token is not valid.")
        }
        return page
    }

    mutating func createLaunchConfiguration(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("LaunchConfigurationName") ?? ""
        guard let image = call.text("ImageId"), let type = call.text("InstanceType") else {
            throw .scalingInvalid("Valid requests must contain the ImageId and InstanceType parameters.")
        }
        guard self[call.region].launchConfigurations[call.account]?[name] == nil else {
            throw .scalingTaken(
                "Launch Configuration by this name already exists - A launch configuration already "
                    + "exists with the name \(name)"
            )
        }
        guard self[call.region].images[image]?.isReadable(by: call.account) == true else {
            throw .scalingInvalid("AMI cannot be described: the image id '[\(image)]' does not exist")
        }
        var made = LaunchConfiguration(
            name,
            image: image,
            account: call.account,
            region: call.region,
            instanceType: type
        )
        made.keyName = call.text("KeyName")
        made.userData = call.text("UserData")
        made.profile = call.text("IamInstanceProfile")
        made.securityGroups = call.texts("SecurityGroups")
        made.date = call.now
        self[call.region].launchConfigurations[call.account, default: [:]][name] = made
        return .xml([])
    }

    mutating func createAutoScalingGroup(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("AutoScalingGroupName") ?? ""
        guard self[call.region].groups[call.account]?[name] == nil else {
            throw .scalingTaken(
                "AutoScalingGroup by this name already exists - A group with the name \(name) already "
                    + "exists"
            )
        }
        let (least, greatest) = (call.number("MinSize") ?? 0, call.number("MaxSize") ?? 0)
        guard least <= greatest else {
            throw .scalingInvalid("Max bound, \(greatest), must be greater than or equal to min bound, \(least)")
        }
        guard call.number("DesiredCapacity") ?? least == 0 else {
            throw .scalingInvalid("The fake starts no instances of groups: the desired capacity has to be 0.")
        }
        guard call.parameters["AvailabilityZones"] != nil || call.text("VPCZoneIdentifier") != nil else {
            throw .scalingInvalid("At least one Availability Zone or VPC Subnet is required.")
        }
        var group = AutoScalingGroup(
            name,
            from: try groupSource(call),
            account: call.account,
            region: call.region,
            sizes: least...greatest,
            tags: try groupTags(call)
        )
        group.zones = call.texts("AvailabilityZones")
        group.subnets = call.text("VPCZoneIdentifier")
        group.date = call.now
        self[call.region].groups[call.account, default: [:]][name] = group
        return .xml([])
    }

    private func groupTags(_ call: Invocation) throws(Failure) -> [String: String] {
        switch Tags.read(call.items("Tags")) {
        case .success(let tags): return tags
        case .failure(let failure): throw .scalingInvalid(failure.message)
        }
    }

    private func groupSource(_ call: Invocation) throws(Failure) -> AutoScalingGroup.Source {
        switch (call.text("LaunchConfigurationName"), call.parameters["LaunchTemplate"]) {
        case (let name?, nil):
            guard self[call.region].launchConfigurations[call.account]?[name] != nil else {
                throw .scalingInvalid("Launch configuration name not found - \(name)")
            }
            return .configuration(name)
        case (nil, let template?): return .template(try groupTemplate(template, call))
        default:
            throw .scalingInvalid(
                "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
                    + "MixedInstancesPolicy parameter."
            )
        }
    }

    private func groupTemplate(_ item: JSONValue, _ call: Invocation) throws(Failure) -> AutoScalingGroup.Template {
        let (id, name) = (item["LaunchTemplateId"]?.stringValue, item["LaunchTemplateName"]?.stringValue)
        guard (id == nil) != (name == nil) else {
            throw .scalingInvalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")
        }
        let known = self[call.region].launchTemplates.values.first {
            $0.owner == call.account && ($0.id == id || $0.name == name)
        }
        let version = item["Version"]?.stringValue ?? "$Default"
        guard let known, known.version(version) != nil else {
            throw .scalingInvalid(
                "You must use a valid fully-formed launch template. The specified launch template, with template "
                    + "\(id ?? name ?? "") and version \(version), does not exist."
            )
        }
        return AutoScalingGroup.Template(id: known.id, name: known.name, version: version)
    }
}

extension Failure {
    /// Of Auto Scaling.
    fileprivate static func scalingInvalid(_ message: String) -> Failure { Failure(400, "ValidationError", message) }

    fileprivate static func scalingTaken(_ message: String) -> Failure { Failure(400, "AlreadyExists", message) }
}
