import OCI

extension World {
    mutating func putParameter(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("Name") ?? ""
        try ParameterName.check(name)
        if call.flag("Overwrite"), call.parameters["Tags"] != nil {
            throw .ssmInvalid(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
                    + "remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
                    + "RemoveTagsFromResource."
            )
        }
        // Whatever was put before is decided by now.
        judgeCandidate(name, call)
        let known = self[call.region].parameters[call.account]?[name]
        var parameter = known ?? Parameter(name: name, owner: call.account, region: call.region)
        if !parameter.versions.isEmpty, !call.flag("Overwrite") {
            throw Failure(
                400,
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to "
                    + "true."
            )
        }
        let version = try newVersion(of: parameter, call)
        if parameter.versions.isEmpty { parameter.tags = try newParameterTags(call) }
        parameter.candidate = Parameter.Candidate(version: version, reads: 0)
        if version.dataType == Self.imageType { parameter.candidate?.reads = behaviour.unseenParameterReads }
        self[call.region].parameters[call.account, default: [:]][name] = parameter
        if parameter.candidate?.reads == 0 { judgeCandidate(name, call) }
        return .json(200, .object(["Version": .integer(Int64(version.number)), "Tier": .string(version.tier)]))
    }

    private static let imageType = "aws:ec2:image"

    private func newVersion(of parameter: Parameter, _ call: Invocation) throws(Failure) -> Parameter.Version {
        let last = parameter.versions.last
        guard let type = call.text("Type") ?? last?.type else {
            throw .ssmInvalid("A parameter type is required when you create a parameter.")
        }
        guard type != "SecureString" else {
            throw Failure(400, "UnsupportedParameterType", "The parameter type \(type) isn't supported.")
        }
        if let last, last.type != type {
            throw Failure(
                400,
                "HierarchyTypeMismatchException",
                "The parameter type can't be changed from \(last.type) to \(type)."
            )
        }
        let value = call.text("Value") ?? ""
        let version = Parameter.Version(
            number: (last?.number ?? 0) + 1,
            value: value,
            type: type,
            dataType: call.text("DataType") ?? "text",
            description: call.text("Description") ?? last?.description,
            allowedPattern: call.text("AllowedPattern") ?? last?.allowedPattern,
            tier: try tier(of: value, last?.tier, call),
            user: call.arn,
            date: call.now
        )
        try Self.check(version)
        return version
    }

    private func tier(of value: String, _ last: String?, _ call: Invocation) throws(Failure) -> String {
        let length = value.unicodeScalars.count
        var tier = call.text("Tier") ?? last ?? "Standard"
        if tier == "Intelligent-Tiering" { tier = length > 4096 || last == "Advanced" ? "Advanced" : "Standard" }
        if last == "Advanced", tier == "Standard" {
            throw .ssmInvalid(
                "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
                    + "advanced-parameter tier to the standard-parameter tier."
            )
        }
        let limit = tier == "Standard" ? 4096 : 8192
        if length > limit {
            throw .ssmInvalid("\(tier) tier parameters support a maximum parameter value of \(limit) characters.")
        }
        return tier
    }

    private static func check(_ version: Parameter.Version) throws(Failure) {
        switch version.dataType {
        case "text": break
        case imageType:
            guard version.type == "String" else {
                throw .ssmInvalid("The data type \(imageType) is only supported for parameters of type String.")
            }
            do { try checkID(version.value, "ami-", "") } catch {
                throw .ssmInvalid("The value '\(version.value)' is not an AMI id, as the data type \(imageType) needs.")
            }
        default: throw .ssmInvalid("The following data type is not supported: \(version.dataType)")
        }
        guard let pattern = version.allowedPattern, !pattern.isEmpty else { return }
        guard let expression = try? Regex(pattern) else {
            throw Failure(
                400,
                "InvalidAllowedPatternException",
                "The request doesn't meet the regular expression requirement: '\(pattern)' is none."
            )
        }
        if version.value.firstMatch(of: expression) == nil {
            throw Failure(
                400,
                "ParameterPatternMismatchException",
                "Parameter value, cannot be validated against allowedPattern: \(pattern)"
            )
        }
    }

    /// Ends the check of what was put last: a value that is refused leaves the parameter as it was, and nobody is told.
    private mutating func judgeCandidate(_ name: String, _ call: Invocation) {
        guard var parameter = self[call.region].parameters[call.account]?[name],
            let version = parameter.candidate?.version
        else { return }
        parameter.candidate = nil
        if version.dataType != Self.imageType || isUsable(version.value, call) {
            parameter.versions = (parameter.versions + [version]).suffix(Parameter.greatestHistory)
        }
        self[call.region].parameters[call.account]?[name] = parameter.versions.isEmpty ? nil : parameter
    }

    /// Whether the AMI is there in the region for the account, and available.
    private func isUsable(_ id: String, _ call: Invocation) -> Bool {
        guard let image = self[call.region].images[id] else { return false }
        return image.isReadable(by: call.account) && image.isAvailable(now: call.now)
    }

    /// A parameter as the next read sees it; nil where it sees none.
    mutating func readParameter(_ name: String, _ call: Invocation) -> Parameter? {
        if let reads = self[call.region].parameters[call.account]?[name]?.candidate?.reads {
            if reads > 0 {
                self[call.region].parameters[call.account]?[name]?.candidate?.reads -= 1
            } else {
                judgeCandidate(name, call)
            }
        }
        let region = self[call.region]
        let found = region.parameters[call.account]?[name] ?? region.publicParameters[name]
        return found?.versions.isEmpty == false ? found : nil
    }
}
