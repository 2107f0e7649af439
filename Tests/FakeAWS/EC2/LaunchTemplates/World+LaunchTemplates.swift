import OCI

extension World {
    mutating func createLaunchTemplate(_ call: Invocation) throws(Failure) -> Outcome {
        if let id = try repeated(call), let known = self[call.region].launchTemplates[id] {
            return .xml([XML("launchTemplate", known.xml)])
        }
        let name = call.text("LaunchTemplateName") ?? ""
        let isTaken = self[call.region].launchTemplates.values.contains { $0.owner == call.account && $0.name == name }
        if isTaken {
            throw .ec2("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
        }
        let tags = try newTags(call, ["launch-template"])["launch-template"] ?? [:]
        let data = call.parameters["LaunchTemplateData"] ?? .null
        try Self.checkTemplate(data)
        let version = LaunchTemplate.Version(
            number: 1,
            description: call.text("VersionDescription"),
            data: data,
            user: call.arn,
            date: call.now
        )
        var template = LaunchTemplate(
            id: newID("lt"),
            name: name,
            owner: call.account,
            region: call.region,
            versions: [version]
        )
        template.tags = tags
        template.unknownRequests = behaviour.unknownTemplateRequests
        self[call.region].launchTemplates[template.id] = template
        remember(call, template.id)
        return .xml([XML("launchTemplate", template.xml)] + warning(data, call))
    }

    mutating func createLaunchTemplateVersion(_ call: Invocation) throws(Failure) -> Outcome {
        var template = try launchTemplate(call)
        if let number = try repeated(call), let known = template.version(number) {
            return .xml([XML("launchTemplateVersion", template.xml(known, image: nil))])
        }
        let own = call.parameters["LaunchTemplateData"] ?? .null
        try Self.checkTemplate(own)
        var data = own.objectValue ?? [:]
        if let source = call.text("SourceVersion") {
            let inherited = try version(source, of: template).data.objectValue ?? [:]
            data = Self.withoutSnapshots(inherited).merging(data) { _, own in own }
        }
        let version = LaunchTemplate.Version(
            number: (template.versions.last?.number ?? 0) + 1,
            description: call.text("VersionDescription"),
            data: .object(data),
            user: call.arn,
            date: call.now
        )
        template.versions.append(version)
        self[call.region].launchTemplates[template.id] = template
        remember(call, String(version.number))
        let image = call.flag("ResolveAlias") ? resolved(version, call) : nil
        return .xml([XML("launchTemplateVersion", template.xml(version, image: image))] + warning(.object(data), call))
    }

    mutating func modifyLaunchTemplate(_ call: Invocation) throws(Failure) -> Outcome {
        var template = try launchTemplate(call)
        if let text = call.text("DefaultVersion") {
            guard Int(text) != nil else { throw .ec2Value(text, "defaultVersion", "It has to be a number.") }
            template.defaultVersion = try version(text, of: template).number
            self[call.region].launchTemplates[template.id] = template
        }
        return .xml([XML("launchTemplate", template.xml)])
    }

    mutating func deleteLaunchTemplate(_ call: Invocation) throws(Failure) -> Outcome {
        let template = try launchTemplate(call)
        self[call.region].launchTemplates[template.id] = nil
        return .xml([XML("launchTemplate", template.xml)])
    }

    // MARK: Client tokens

    /// What an earlier call with the same client token made.
    private func repeated(_ call: Invocation) throws(Failure) -> String? {
        guard let token = Self.token(call), let known = tokens[token] else { return nil }
        guard known.parameters == call.parameters else {
            throw .ec2("IdempotentParameterMismatch", "The client token was used with other parameters.")
        }
        return known.id
    }

    private mutating func remember(_ call: Invocation, _ id: String) {
        if let token = Self.token(call) { tokens[token] = (call.parameters, id) }
    }

    private static func token(_ call: Invocation) -> Token? {
        call.text("ClientToken").map {
            Token(operation: call.operation.name, account: call.account, region: call.region, text: $0)
        }
    }

    // MARK: Data

    private static func checkTemplate(_ data: JSONValue) throws(Failure) {
        if data.objectValue?.isEmpty != false {
            throw .ec2("MissingParameter", "The launch template data has to have at least one parameter")
        }
        if let image = data["ImageId"]?.stringValue, !image.hasPrefix(aliasPrefix) {
            try checkID(image, "ami-", "InvalidAMIID.Malformed")
        }
        if let text = data["UserData"]?.stringValue, Base64.decode(text) == nil {
            throw .ec2("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
        }
    }

    /// Snapshots are not inherited.
    private static func withoutSnapshots(_ data: [String: JSONValue]) -> [String: JSONValue] {
        guard let mappings = data["BlockDeviceMappings"]?.arrayValue else { return data }
        var data = data
        data["BlockDeviceMappings"] = .array(
            mappings.map { mapping in
                var (members, disk) = (mapping.objectValue ?? [:], mapping["Ebs"]?.objectValue)
                disk?["SnapshotId"] = nil
                members["Ebs"] = disk.map(JSONValue.object)
                return .object(members)
            }
        )
        return data
    }

    /// A template is made even where nothing can be launched from it; that is said beside it.
    private func warning(_ data: JSONValue, _ call: Invocation) -> [XML] {
        guard let id = data["ImageId"]?.stringValue, !id.hasPrefix(Self.aliasPrefix),
            self[call.region].images[id]?.isReadable(by: call.account) != true
        else { return [] }
        let error = [
            XML("code", "InvalidAMIID.NotFound"), XML("message", "The image id '[\(id)]' does not exist"),
        ]
        return [XML("warning", [.items("errorSet", [error])])]
    }
}
