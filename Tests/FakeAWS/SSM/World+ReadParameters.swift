import OCI

extension World {
    mutating func getParameter(_ call: Invocation) throws(Failure) -> Outcome {
        .json(200, .object(["Parameter": try selected(call.text("Name") ?? "", call)]))
    }

    mutating func getParameters(_ call: Invocation) throws(Failure) -> Outcome {
        let names = call.texts("Names")
        guard Set(names).count == names.count else { throw .ssmInvalid("Parameters contain duplicates") }
        var found: [JSONValue] = []
        var missing: [String] = []
        for name in names {
            do { found.append(try selected(name, call)) } catch { missing.append(name) }
        }
        return .json(200, .object(["Parameters": .array(found), "InvalidParameters": .strings(missing)]))
    }

    /// A parameter by its name, or by its name and the number of a version: `name:3`.
    private mutating func selected(_ text: String, _ call: Invocation) throws(Failure) -> JSONValue {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let parameter = readParameter(parts[0], call), let last = parameter.versions.last else {
            throw .ssmUnknownParameter
        }
        guard parts.count == 2 else { return parameter.document(last) }
        guard let version = parameter.versions.first(where: { String($0.number) == parts[1] }) else {
            throw Failure(
                400,
                "ParameterVersionNotFound",
                "Systems Manager could not find version \(parts[1]) of \(parts[0])."
            )
        }
        return parameter.document(version, selector: ":\(parts[1])")
    }

    mutating func getParametersByPath(_ call: Invocation) throws(Failure) -> Outcome {
        let path = call.text("Path") ?? ""
        guard path.hasPrefix("/") else {
            throw .ssmInvalid(
                "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a "
                    + "forward slash \"/\"."
            )
        }
        let filters = try ParameterFilter.all(call, keys: ["Type", "DataType"])
        let region = self[call.region]
        let names = Array((region.parameters[call.account] ?? [:]).keys) + Array(region.publicParameters.keys)
        let isDeep = call.flag("Recursive")
        let below = names.filter { ParameterName.isBelow(path, $0, isDeep: isDeep) }.sorted()
        let page = try parameterPage(below, filters, call)
        let items = page.items.compactMap { parameter in parameter.versions.last.map { parameter.document($0) } }
        return .json(
            200,
            .object(["Parameters": .array(items), "NextToken": page.next.map(JSONValue.string)])
        )
    }

    /// Only the account's own.
    mutating func describeParameters(_ call: Invocation) throws(Failure) -> Outcome {
        let filters = try ParameterFilter.all(call, keys: ["Name", "Path", "Type", "Tier", "DataType"])
        let names = (self[call.region].parameters[call.account] ?? [:]).keys.sorted()
        let page = try parameterPage(names, filters, call)
        return .json(
            200,
            .object([
                "Parameters": .array(page.items.compactMap { $0.versions.last?.described($0) }),
                "NextToken": page.next.map(JSONValue.string),
            ])
        )
    }

    mutating func getParameterHistory(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("Name") ?? ""
        guard let parameter = readParameter(name, call) else { throw .ssmUnknownParameter }
        guard let page = Page(of: parameter.versions, call, usual: 50) else { throw Self.wrongToken }
        let versions = page.items.map { version -> JSONValue in
            var members = version.described(parameter).objectValue ?? [:]
            members["ARN"] = nil
            members["Value"] = .string(version.value)
            members["Labels"] = .array([])
            return .object(members)
        }
        return .json(
            200,
            .object(["Parameters": .array(versions), "NextToken": page.next.map(JSONValue.string)])
        )
    }

    private mutating func parameterPage(
        _ names: [String],
        _ filters: [ParameterFilter],
        _ call: Invocation
    ) throws(Failure) -> Page<Parameter> {
        let found = names.compactMap { readParameter($0, call) }
        let chosen = found.filter { parameter in filters.allSatisfy { $0.fits(parameter) } }
        guard let page = Page(of: chosen, call, usual: 10, isEmptyFirst: behaviour.emptyFirstPages) else {
            throw Self.wrongToken
        }
        return page
    }

    private static let wrongToken = Failure(400, "InvalidNextToken", "The specified token isn't valid.")

    mutating func deleteParameter(_ call: Invocation) throws(Failure) -> Outcome {
        let name = call.text("Name") ?? ""
        guard self[call.region].parameters[call.account]?.removeValue(forKey: name) != nil else {
            throw .ssmUnknownParameter
        }
        return .json(200, .object([:]))
    }
}

extension Parameter {
    fileprivate func document(_ version: Version, selector: String? = nil) -> JSONValue {
        .object([
            "Name": .string(name),
            "Type": .string(version.type),
            "Value": .string(version.value),
            "Version": .integer(Int64(version.number)),
            "Selector": selector.map(JSONValue.string),
            "LastModifiedDate": epochDate(version.date),
            "ARN": .string(arn),
            "DataType": .string(version.dataType),
        ])
    }
}

extension Parameter.Version {
    /// Without the value.
    fileprivate func described(_ parameter: Parameter) -> JSONValue {
        .object([
            "Name": .string(parameter.name),
            "ARN": .string(parameter.arn),
            "Type": .string(type),
            "LastModifiedDate": epochDate(date),
            "LastModifiedUser": .string(user),
            "Description": description.map(JSONValue.string),
            "AllowedPattern": allowedPattern.map(JSONValue.string),
            "Version": .integer(Int64(number)),
            "Tier": .string(tier),
            "Policies": .array([]),
            "DataType": .string(dataType),
        ])
    }
}
