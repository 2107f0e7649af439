package import Diagnostics

/// Where something stands in a text: byte offsets for edits, a place for people.
package struct TextRange: Hashable, Sendable {
    /// Byte offsets into the text, the end excluded; of a quoted scalar the quotes are inside.
    package let bytes: Range<Int>
    /// Where it starts.
    package let place: SourcePlace

    package init(bytes: Range<Int>, place: SourcePlace) {
        self.bytes = bytes
        self.place = place
    }
}

/// A value of a YAML or JSON text with its place.
///
/// In a JSON text strings are double-quoted scalars; numbers, `true`, `false` and `null` are plain scalars as written.
package struct Node: Hashable, Sendable {
    package indirect enum Content: Hashable, Sendable {
        case scalar(Scalar)
        case sequence([Node])
        /// In the order of the text; keys are unique scalars.
        case mapping([Member])
    }

    package struct Scalar: Hashable, Sendable {
        package enum Style: Hashable, Sendable {
            case plain
            case singleQuoted
            case doubleQuoted
            case literal
            case folded
        }

        package let text: String
        package let style: Style

        package init(text: String, style: Style) {
            self.text = text
            self.style = style
        }
    }

    package struct Member: Hashable, Sendable {
        package let key: Node
        package let value: Node

        package init(key: Node, value: Node) {
            self.key = key
            self.value = value
        }

        /// The text of the key.
        package var name: String { key.scalar?.text ?? "" }
    }

    package let content: Content
    /// The value alone: a tag or an anchor before it is outside.
    ///
    /// Where an alias stands for the value, this is the place of the anchored value.
    package let range: TextRange
    /// The tag as written (`!Ref`), or nil where none was.
    package let tag: String?
    /// The name after `&`, or nil: a change of the value also changes what its aliases mean.
    package let anchor: String?
    /// The text of the alias (`*name`) that stands for this value, or nil where the value itself is written.
    package let alias: TextRange?

    package init(
        _ content: Content,
        range: TextRange,
        tag: String? = nil,
        anchor: String? = nil,
        alias: TextRange? = nil
    ) {
        self.content = content
        self.range = range
        self.tag = tag
        self.anchor = anchor
        self.alias = alias
    }

    /// The same value, written as an alias at another place.
    package func aliased(at place: TextRange) -> Node {
        Node(content, range: range, tag: tag, anchor: anchor, alias: place)
    }

    package var place: SourcePlace { range.place }

    package var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }

    package var sequence: [Node]? { if case .sequence(let nodes) = content { nodes } else { nil } }

    package var mapping: [Member]? { if case .mapping(let members) = content { members } else { nil } }

    /// The value of a member of a mapping.
    package subscript(name: String) -> Node? { mapping?.first { $0.name == name }?.value }

    /// What it is, for messages: "a text", "a list", "a mapping".
    package var kindName: String {
        switch content {
        case .scalar(let scalar): scalar.style == .plain && Node.isNullText(scalar.text) ? "nothing" : "a text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// A plain scalar that YAML reads as null.
    package var isNull: Bool {
        guard let scalar, scalar.style == .plain, tag == nil else { return false }
        return Node.isNullText(scalar.text)
    }

    private static func isNullText(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }
}
