import OCI

extension Keys {
    /// The JSON Schema of the mapping.
    ///
    /// Source: JSON Schema draft 2020-12, Validation.
    var schema: JSONValue {
        var members: [String: JSONValue] = [
            "type": "object",
            "additionalProperties": false,
            "properties": .object(Dictionary(keys.map { ($0.name, $0.describedSchema) }) { _, last in last }),
        ]
        let required = keys.filter(\.isRequired).map(\.name)
        if !required.isEmpty { members["required"] = .strings(required) }
        if !choices.isEmpty { members["allOf"] = .array(choices.map(\.schema)) }
        if !needs.isEmpty { members["dependentRequired"] = .object(needs.mapValues { .strings([$0]) }) }
        return .object(members)
    }
}

extension Keys.Choice {
    fileprivate var schema: JSONValue {
        let each = names.map { JSONValue.object(["required": .strings([$0])]) }
        let none: [JSONValue] = isRequired ? [] : [.object(["not": .object(["anyOf": .array(each)])])]
        return .object(["oneOf": .array(each + none)])
    }
}

extension Key {
    fileprivate var describedSchema: JSONValue {
        guard notYet != nil else { return schema().adding(["description": .string(sentence)]) }
        // What the reader refuses, the schema refuses.
        return .object(["description": .string("Not there yet: \(help)."), "not": .object([:])])
    }

    private var sentence: String {
        (help.first.map { $0.uppercased() } ?? "") + help.dropFirst() + "."
    }
}
