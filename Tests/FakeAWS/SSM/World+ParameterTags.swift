import OCI

extension World {
    func newParameterTags(_ call: Invocation) throws(Failure) -> [String: String] {
        switch Tags.read(call.items("Tags")) {
        case .success(let tags): return tags
        case .failure(let failure) where failure.code == "TagLimitExceeded":
            throw Failure(400, "TooManyTagsError", failure.message)
        case .failure(let failure): throw .ssmInvalid(failure.message)
        }
    }

    mutating func addTagsToResource(_ call: Invocation) throws(Failure) -> Outcome {
        var parameter = try taggedParameter(call)
        parameter.tags.merge(try newParameterTags(call)) { _, new in new }
        if parameter.tags.count > 50 {
            throw Failure(400, "TooManyTagsError", "The maximum number of Tags for a resource is 50.")
        }
        self[call.region].parameters[call.account]?[parameter.name] = parameter
        return .json(200, .object([:]))
    }

    mutating func removeTagsFromResource(_ call: Invocation) throws(Failure) -> Outcome {
        var parameter = try taggedParameter(call)
        for key in call.texts("TagKeys") { parameter.tags[key] = nil }
        self[call.region].parameters[call.account]?[parameter.name] = parameter
        return .json(200, .object([:]))
    }

    mutating func listTagsForResource(_ call: Invocation) throws(Failure) -> Outcome {
        .json(200, .object(["TagList": Tags.json(try taggedParameter(call).tags)]))
    }

    private func taggedParameter(_ call: Invocation) throws(Failure) -> Parameter {
        guard call.text("ResourceType") == "Parameter" else {
            throw Failure(400, "InvalidResourceType", "The resource type isn't valid in the fake: only Parameter is.")
        }
        let name = call.text("ResourceId") ?? ""
        guard let parameter = self[call.region].parameters[call.account]?[name], !parameter.versions.isEmpty else {
            throw Failure(400, "InvalidResourceId", "The resource ID '\(name)' isn't valid.")
        }
        return parameter
    }
}
