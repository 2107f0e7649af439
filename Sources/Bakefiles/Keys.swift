import Diagnostics
import OCI
import YAML

/// One key of a mapping: its name, how its value is read and where it goes, and what the schema says of it.
struct Key<Root>: Sendable {
    let name: String
    let help: String
    let isRequired: Bool
    /// Whether other code reads it, and says so where it is missing.
    let isReadElsewhere: Bool
    /// Set for a key of a feature that is not there yet: its value is checked, then refused.
    let notYet: NotYet?
    let schema: @Sendable () -> JSONValue
    /// Whether the value was good.
    let read: @Sendable (Node, inout Root, inout Reading) -> Bool

    /// What to tell about a feature that is not there yet.
    struct NotYet: Sendable {
        let fix: String?
    }

    private init<Value>(
        _ name: String,
        _ shape: Shape<Value>,
        _ help: String,
        isRequired: Bool = false,
        isReadElsewhere: Bool = false,
        notYet: NotYet? = nil,
        set: @escaping @Sendable (inout Root, Value) -> Void
    ) {
        self.name = name
        self.help = help
        self.isRequired = isRequired
        self.isReadElsewhere = isReadElsewhere
        self.notYet = notYet
        self.schema = shape.schema
        self.read = { node, root, reading in
            guard let value = shape.read(node, &reading) else { return false }
            set(&root, value)
            return true
        }
    }

    static func required<Value>(
        _ name: String,
        _ shape: Shape<Value>,
        _ path: any WritableKeyPath<Root, Value> & Sendable,
        _ help: String
    ) -> Key {
        Key(name, shape, help, isRequired: true) { root, value in root[keyPath: path] = value }
    }

    static func required<Value>(
        _ name: String,
        _ shape: Shape<Value>,
        _ path: any WritableKeyPath<Root, Value?> & Sendable,
        _ help: String
    ) -> Key {
        Key(name, shape, help, isRequired: true) { root, value in root[keyPath: path] = value }
    }

    /// A key whose absence leaves what the root had before.
    static func defaulted<Value>(
        _ name: String,
        _ shape: Shape<Value>,
        _ path: any WritableKeyPath<Root, Value> & Sendable,
        _ help: String
    ) -> Key {
        Key(name, shape, help) { root, value in root[keyPath: path] = value }
    }

    /// A key whose absence leaves nil.
    static func optional<Value>(
        _ name: String,
        _ shape: Shape<Value>,
        _ path: any WritableKeyPath<Root, Value?> & Sendable,
        _ help: String
    ) -> Key {
        Key(name, shape, help) { root, value in root[keyPath: path] = value }
    }

    /// A key that is read elsewhere, before or after the others.
    static func elsewhere<Value>(_ name: String, _ shape: Shape<Value>, _ help: String, isRequired: Bool = false) -> Key
    {
        let unread = Shape<Void>(schema: shape.schema) { _, _ in () }
        return Key(name, unread, help, isRequired: isRequired, isReadElsewhere: true) { _, _ in }
    }

    /// A key of a feature that is not there yet.
    static func notYet<Value>(
        _ name: String,
        _ shape: Shape<Value>,
        _ help: String,
        fix: String? = nil
    ) -> Key {
        Key(name, shape, help, notYet: NotYet(fix: fix)) { _, _ in }
    }
}

/// The keys of one kind of mapping: the one description that the reader and the JSON Schema share.
struct Keys<Root>: Sendable {
    /// Keys of which there must be exactly one, or at most one.
    struct Choice: Sendable {
        let names: [String]
        let isRequired: Bool
    }

    /// With its article, for messages: `a 'copy' step`.
    let title: String
    let keys: [Key<Root>]
    let choices: [Choice]
    /// Keys that have a meaning only beside another.
    let needs: [String: String]
    /// Words from elsewhere that mean one of the keys, for suggestions.
    let synonyms: [String: String]

    init(
        _ title: String,
        _ keys: [Key<Root>],
        choices: [Choice] = [],
        needs: [String: String] = [:],
        synonyms: [String: String] = [:]
    ) {
        self.title = title
        self.keys = keys
        self.choices = choices
        self.needs = needs
        self.synonyms = synonyms
    }

    /// As a shape whose values start as `blank`, in which the required keys are then set.
    func shape(_ blank: Root) -> Shape<Root> where Root: Sendable {
        Shape(schema: { schema }) { node, reading in
            var root = blank
            return read(node, into: &root, &reading) ? root : nil
        }
    }
}
