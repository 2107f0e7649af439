import OCI
import YAML

extension Shape where Value == String {
    /// A shell text: not empty, nothing substituted.
    static var script: Shape {
        Shape(
            schema: {
                .object(["type": .strings(["string", "number", "boolean"]), "pattern": "^[^\\u0000]*\\S[^\\u0000]*$"])
            },
            read: { node, reading in
                guard let text = Shape.anyLiteral.read(node, &reading) else { return nil }
                if text.contains(where: { !$0.isWhitespace }) { return text }
                return reading.fail(at: node.place, "\(reading.subject) is an empty text", .badText)
            }
        )
    }
}

extension Shape where Value == [String] {
    /// A program and its arguments.
    ///
    /// A text is refused: whether a shell runs it would not be visible.
    static var arguments: Shape {
        .forms(
            "a list of arguments",
            list: Shape<String>.anyText.list(atLeast: 1),
            fix: "write a list, as in [nginx, -g, \"daemon off;\"]; for a shell, [/bin/sh, -c, \"...\"]"
        )
    }
}

extension Shape where Value == [String: String] {
    static var environment: Shape { Shape<String>.anyText.mapping(.environmentName).dictionary() }
}
