import Diagnostics
import OCI
import YAML

extension Shape where Value == String {
    /// A text of a grammar, variables substituted.
    static func text(_ grammar: Grammar) -> Shape {
        Shape(schema: { grammar.schema }) { node, reading in
            guard let text = reading.text(of: node) else { return nil }
            return reading.check(text, grammar, at: node.place)
        }
    }

    /// A text of a grammar in which nothing is substituted.
    static func literal(_ grammar: Grammar) -> Shape {
        Shape(schema: { grammar.schema }) { node, reading in
            guard let text = reading.literalText(of: node) else { return nil }
            return reading.check(text, grammar, at: node.place)
        }
    }

    /// Any text, empty and of several lines too; YAML's plain numbers and truth values are taken as they are written.
    static var anyText: Shape {
        Shape(schema: { anyTextSchema }) { node, reading in
            guard let text = reading.text(of: node) else { return nil }
            return reading.checkNUL(text, at: node.place)
        }
    }

    /// Any text, in which nothing is substituted.
    static var anyLiteral: Shape {
        Shape(schema: { anyTextSchema }) { node, reading in
            guard let text = reading.literalText(of: node) else { return nil }
            return reading.checkNUL(text, at: node.place)
        }
    }

    private static var anyTextSchema: JSONValue {
        .object(["type": .strings(["string", "number", "boolean"]), "pattern": "^[^\\u0000]*$"])
    }
}

extension Shape where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of the names of an enumeration.
    static var choice: Shape {
        Shape<String>.choice(Value.allCases.map(\.rawValue)).then { text, _, _ in Value(rawValue: text) }
    }
}

extension Shape where Value == String {
    /// One of some texts.
    static func choice(_ values: [String]) -> Shape {
        Shape(
            schema: {
                .object(["anyOf": .array([.object(["enum": .strings(values)]), substitutedSchema])])
            },
            read: { node, reading in
                guard let text = reading.text(of: node) else { return nil }
                if values.contains(text) { return text }
                return reading.fail(
                    at: node.place,
                    "\(reading.subject) cannot be \(quoted(text))",
                    .badValue,
                    why: "it is \(values.count == 1 ? "" : "one of ")\(quotedList(values))",
                    fix: nearestName(to: text, among: values).map { "write \(quoted($0))" }
                )
            }
        )
    }
}

extension Shape where Value == Int64 {
    /// A decimal number without quotes.
    static func integer(_ range: ClosedRange<Int64>, _ identifier: DiagnosticIdentifier = .badNumber) -> Shape {
        Shape(
            schema: {
                let number: JSONValue = .object([
                    "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
                ])
                return .object(["anyOf": .array([number, substitutedSchema])])
            },
            read: { node, reading in
                guard let text = reading.plainText(of: node, expected: "a number", isValid: isNumber) else {
                    return nil
                }
                if let value = Int64(text), range.contains(value) { return value }
                return reading.fail(
                    at: node.place,
                    "\(reading.subject) cannot be \(quoted(text))",
                    identifier,
                    why: "it is a number from \(range.lowerBound) to \(range.upperBound)"
                )
            }
        )
    }

    private static func isNumber(_ text: String) -> Bool {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        return !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension Shape where Value == Bool {
    /// `true` or `false` without quotes.
    static var flag: Shape {
        Shape(
            schema: { .object(["anyOf": .array([.object(["type": "boolean"]), substitutedSchema])]) },
            read: { node, reading in
                reading.plainText(of: node, expected: "'true' or 'false'") { ["true", "false"].contains($0) }.map {
                    $0 == "true"
                }
            }
        )
    }
}

/// A text with a variable in it, where the schema cannot know what it becomes.
private var substitutedSchema: JSONValue { .object(["type": "string", "pattern": "\\$\\{"]) }

extension Reading {
    mutating func check(_ text: String, _ grammar: Grammar, at place: SourcePlace) -> String? {
        if matches(text, grammar.pattern) { return text }
        let found = grammar.explanation(of: text)
        return fail(at: place, found.message, found.identifier, why: found.why, fix: found.fix)
    }

    /// No program argument, environment or file name can hold a NUL.
    fileprivate mutating func checkNUL(_ text: String, at place: SourcePlace) -> String? {
        guard text.utf8.contains(0) else { return text }
        return fail(at: place, "\(subject) has a NUL character in it", .badText)
    }

    /// A plain scalar such as a number, or any scalar that became one by substitution.
    fileprivate mutating func plainText(of node: Node, expected: String, isValid: (String) -> Bool) -> String? {
        guard let scalar = node.scalar, !node.isNull else { return failType(node, expected: expected) }
        guard let text = text(of: node) else { return nil }
        let isQuoted = scalar.style != .plain && text == scalar.text
        if isValid(text), !isQuoted { return text }
        return fail(
            at: node.place,
            "\(subject) must be \(expected), not the text \(quoted(text))",
            .wrongType,
            fix: isValid(text) ? "write it without quotes" : nil
        )
    }
}
