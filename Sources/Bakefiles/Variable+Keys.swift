import Diagnostics
import OCI
import YAML

/// A variable as it is defined, before it has a value.
struct VariableDraft: Sendable {
    /// The default's node: its text may use the variables above.
    var defaultValue: Node?
    /// The environment variable to take it from.
    var environment: String?
    var allowed: [String]?
    var pattern: String?

    static let shape = Shape<VariableDraft>.forms(
        "a text or a mapping",
        text: Shape<Node>.unread.map { VariableDraft(defaultValue: $0) },
        mapping: keys.shape(VariableDraft())
    )

    private static let keys = Keys<VariableDraft>(
        "a variable",
        [
            .optional("default", .unread, \.defaultValue, "the value where nothing else gives one"),
            .optional(
                "env",
                .literal(.environmentName),
                \.environment,
                "the environment variable that gives the value"
            ),
            .optional("allowed", Shape<String>.anyLiteral.list(atLeast: 1).unique(), \.allowed, "the only values"),
            .optional("pattern", .pattern, \.pattern, "a regular expression that the whole value must match"),
        ],
        synonyms: ["value": "default", "values": "allowed", "enum": "allowed", "regex": "pattern"]
    )
}

extension Shape where Value == Node {
    /// A text whose substitution waits until the variables above have their values.
    fileprivate static var unread: Shape {
        Shape(schema: Shape<String>.anyText.schema) { node, reading in
            Shape<String>.anyLiteral.read(node, &reading) == nil ? nil : node
        }
    }
}

extension Shape where Value == String {
    fileprivate static var pattern: Shape {
        Shape(schema: { .object(["type": "string", "format": "regex"]) }) { node, reading in
            guard let text = reading.literalText(of: node) else { return nil }
            if Regex(reading: text) != nil { return text }
            return reading.fail(at: node.place, "\(quoted(text)) is not a regular expression", .badPattern)
        }
    }
}
