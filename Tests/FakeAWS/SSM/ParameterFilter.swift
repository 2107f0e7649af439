import OCI

/// A filter of a list of parameters.
///
/// Source: AWS Systems Manager API Reference, ParameterStringFilter.
struct ParameterFilter: Sendable {
    private var key: String
    private var option: String
    private var values: [String]

    /// `keys` are those that the operation takes, besides `tag:KEY`.
    static func all(_ call: Invocation, keys: Set<String>) throws(Failure) -> [ParameterFilter] {
        var filters: [ParameterFilter] = []
        for item in call.items("ParameterFilters") {
            let key = item["Key"]?.stringValue ?? ""
            let values = item["Values"]?.arrayValue?.compactMap(\.stringValue) ?? []
            guard keys.contains(key) || key.hasPrefix("tag:") else {
                throw Failure(400, "InvalidFilterKey", "The filter key '\(key)' is not valid for this operation.")
            }
            if filters.contains(where: { $0.key == key }) {
                throw Failure(400, "InvalidFilterKey", "The filter key '\(key)' is there more than once.")
            }
            let options = options(of: key)
            let option = item["Option"]?.stringValue ?? options[0]
            guard options.contains(option) else {
                throw Failure(
                    400,
                    "InvalidFilterOption",
                    "The filter option '\(option)' is not valid for '\(key)': it takes \(options)."
                )
            }
            if values.isEmpty || key == "Path" && values.contains(where: { !$0.hasPrefix("/") }) {
                throw Failure(400, "InvalidFilterValue", "The filter '\(key)' has no values that are valid.")
            }
            filters.append(ParameterFilter(key: key, option: option, values: values))
        }
        return filters
    }

    private static func options(of key: String) -> [String] {
        switch key {
        case "Name": ["Equals", "BeginsWith", "Contains"]
        case "Path": ["OneLevel", "Recursive"]
        default: ["Equals"]
        }
    }

    func fits(_ parameter: Parameter) -> Bool {
        let version = parameter.versions.last
        return values.contains { value in
            switch (key, option) {
            case ("Name", "BeginsWith"): parameter.name.hasPrefix(value)
            case ("Name", "Contains"): parameter.name.contains(value)
            case ("Name", _): parameter.name == value
            case ("Path", _): ParameterName.isBelow(value, parameter.name, isDeep: option == "Recursive")
            case ("Type", _): version?.type == value
            case ("Tier", _): version?.tier == value
            case ("DataType", _): version?.dataType == value
            default: parameter.tags[String(key.dropFirst(4))] == value
            }
        }
    }
}
