import OCI

/// Tags as requests bring them.
enum Tags {
    static let members: [Shape.Member] = [.optional("Key"), .optional("Value")]

    /// By their keys; nil where they are none that can be set.
    static func read(_ items: [JSONValue]) -> Result<[String: String], Failure> {
        var tags: [String: String] = [:]
        for item in items {
            guard let key = item["Key"]?.stringValue, !key.isEmpty else { return .failure(refused("", "is empty")) }
            let value = item["Value"]?.stringValue ?? ""
            if key.hasPrefix("aws:") { return .failure(refused(key, "is reserved: tags may not start with 'aws:'")) }
            if key.unicodeScalars.count > 127 || value.unicodeScalars.count > 255 {
                return .failure(refused(key, "is too long, or its value is"))
            }
            if tags.updateValue(value, forKey: key) != nil { return .failure(refused(key, "is there twice")) }
        }
        if tags.count > 50 {
            return .failure(Failure(400, "TagLimitExceeded", "The maximum number of Tags for a resource is 50."))
        }
        return .success(tags)
    }

    static func keys(_ items: [JSONValue]) -> Set<String> { Set(items.compactMap { $0["Key"]?.stringValue }) }

    private static func refused(_ key: String, _ why: String) -> Failure {
        Failure(400, "InvalidParameterValue", "The tag key '\(key)' \(why)")
    }

    static func xml(_ tags: [String: String]) -> XML {
        .items("tagSet", tags.sorted { $0.key < $1.key }.map { [XML("key", $0.key), XML("value", $0.value)] })
    }

    static func json(_ tags: [String: String]) -> JSONValue {
        .array(tags.sorted { $0.key < $1.key }.map { .strings(["Key": $0.key, "Value": $0.value]) })
    }
}
