import Diagnostics
import OCI
import YAML

/// How one kind of value is read, and the JSON Schema that says the same.
///
/// `read` answers nil if, and only if, it has added an error.
struct Shape<Value>: Sendable {
    let schema: @Sendable () -> JSONValue
    let read: @Sendable (Node, inout Reading) -> Value?

    init(
        schema: @escaping @Sendable () -> JSONValue,
        read: @escaping @Sendable (Node, inout Reading) -> Value?
    ) {
        self.schema = schema
        self.read = read
    }

    func map<Result>(_ transform: @escaping @Sendable (Value) -> Result) -> Shape<Result> {
        Shape<Result>(schema: schema) { node, reading in read(node, &reading).map(transform) }
    }

    /// A further step that may add errors; the schema does not know of it.
    func then<Result>(
        _ transform: @escaping @Sendable (Value, Node, inout Reading) -> Result?
    ) -> Shape<Result> {
        Shape<Result>(schema: schema) { node, reading in
            guard let value = read(node, &reading) else { return nil }
            return transform(value, node, &reading)
        }
    }

    /// The same reading with more in its schema.
    func describing(_ members: [String: JSONValue]) -> Shape {
        Shape(schema: { schema().adding(members) }, read: read)
    }

    /// One shape for each form that a value may be written in; `expected` names the forms, as in "a text or a list".
    static func forms(
        _ expected: String,
        text: Shape? = nil,
        list: Shape? = nil,
        mapping: Shape? = nil,
        fix: String? = nil
    ) -> Shape {
        Shape(
            schema: { .object(["anyOf": .array([text, list, mapping].compactMap { $0?.schema() })]) },
            read: { node, reading in
                let shape: Shape? =
                    switch node.content {
                    case .scalar: node.isNull ? nil : text
                    case .sequence: list
                    case .mapping: mapping
                    }
                guard let shape else { return reading.failType(node, expected: expected, fix: fix) }
                return shape.read(node, &reading)
            }
        )
    }
}

extension JSONValue {
    /// The object with further members; those given go before its own.
    func adding(_ members: [String: JSONValue]) -> JSONValue {
        .object((objectValue ?? [:]).merging(members) { _, new in new })
    }
}
