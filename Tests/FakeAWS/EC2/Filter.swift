import OCI

/// A filter of a list: one of its values has to fit, with `*` and `?` as wildcards.
///
/// Source: Amazon EC2 User Guide, "List and filter using the CLI and API".
struct Filter: Sendable {
    var name: String
    var values: [String]

    /// Refuses names that are not known; `tag:KEY` and `tag-key` always are.
    static func all(_ call: Invocation, known: Set<String>) throws(Failure) -> [Filter] {
        var filters: [Filter] = []
        for item in call.items("Filters") {
            guard let name = item["Name"]?.stringValue else {
                throw .ec2("InvalidParameterValue", "The filter 'null' is invalid")
            }
            let values = item["Values"]?.arrayValue?.compactMap(\.stringValue) ?? []
            guard known.contains(name) || name.hasPrefix("tag:") || name == "tag-key" else {
                throw .ec2("InvalidParameterValue", "The filter '\(name)' is invalid")
            }
            if values.isEmpty { throw .ec2("InvalidParameterValue", "The filter '\(name)' has no values") }
            filters.append(Filter(name: name, values: values))
        }
        return filters
    }

    func fits(_ fields: [String: [String]], _ tags: [String: String]) -> Bool {
        let found: [String] =
            if name == "tag-key" {
                Array(tags.keys)
            } else if name.hasPrefix("tag:") {
                tags[String(name.dropFirst(4))].map { [$0] } ?? []
            } else {
                fields[name] ?? []
            }
        return values.contains { value in found.contains { Self.fits(Array($0)[...], Array(value)[...]) } }
    }

    private static func fits(_ text: ArraySlice<Character>, _ pattern: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case "*": return (text.startIndex...text.endIndex).contains { fits(text[$0...], rest) }
        case "?": return !text.isEmpty && fits(text.dropFirst(), rest)
        case "\\" where !rest.isEmpty: return text.first == rest.first && fits(text.dropFirst(), rest.dropFirst())
        default: return text.first == first && fits(text.dropFirst(), rest)
        }
    }
}
