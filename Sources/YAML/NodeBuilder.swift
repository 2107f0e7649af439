import CYAML
import Diagnostics

/// Makes the tree of one document out of libyaml's events, without recursion.
struct NodeBuilder {
    /// A collection whose end has not been seen.
    private struct Frame {
        let isMapping: Bool
        let start: Int
        /// Whether it is written in brackets, whose end is then exact.
        let isBracketed: Bool
        let properties: Properties
        var items: [Node] = []
        var members: [Node.Member] = []
        /// The key whose value comes next.
        var key: Node?
        /// Whether that value is read and dropped, because the key was refused.
        var dropsValue = false
        var keyPlaces: [String: SourcePlace] = [:]
        var nodeCount = 1
        var height = 1
        var end: Int
    }

    /// A finished value with what an alias to it costs.
    private struct Finished {
        let node: Node
        let nodeCount: Int
        let height: Int
        /// The end of its text at this place.
        let end: Int
    }

    let source: SourceText
    let limits: ReadingLimits
    var diagnostics: [Diagnostic] = []
    private(set) var root: Node?

    private var frames: [Frame] = []
    private var anchors: [String: Finished] = [:]
    private var nodeCount = 0
    private var sawDocument = false
    private var isPastFirstDocument = false

    init(source: SourceText, limits: ReadingLimits) {
        self.source = source
        self.limits = limits
    }

    mutating func take(_ event: borrowing yaml_event_t) throws(InvalidInput) {
        let start = source.offset(ofCharacter: event.start_mark.index)
        let end = source.offset(ofCharacter: event.end_mark.index)
        if event.type == YAML_DOCUMENT_START_EVENT {
            startDocument(at: start)
            return
        }
        if isPastFirstDocument { return }
        switch event.type {
        case YAML_SCALAR_EVENT:
            let data = event.data.scalar
            let bytes = UnsafeBufferPointer(start: data.value, count: data.length)
            let scalar = Node.Scalar(text: String(decoding: bytes, as: UTF8.self), style: Self.style(data.style))
            try take(scalar, properties(data.anchor, data.tag, start..<end), end)
        case YAML_SEQUENCE_START_EVENT:
            let data = event.data.sequence_start
            try open(mapping: false, properties(data.anchor, data.tag, start..<end), end)
        case YAML_MAPPING_START_EVENT:
            let data = event.data.mapping_start
            try open(mapping: true, properties(data.anchor, data.tag, start..<end), end)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close(end)
        case YAML_ALIAS_EVENT: try takeAlias(Self.text(event.data.alias.anchor) ?? "", start..<end)
        default: break
        }
    }

    private mutating func startDocument(at offset: Int) {
        if sawDocument, !isPastFirstDocument {
            isPastFirstDocument = true
            diagnostics.append(
                Diagnostic(
                    at: source.place(at: offset),
                    "a second document starts here",
                    .manyDocuments,
                    why: "the file holds one document",
                    fix: "remove the '---', or make two files"
                )
            )
        }
        sawDocument = true
    }

    // MARK: Values

    private static func style(_ style: yaml_scalar_style_t) -> Node.Scalar.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private mutating func take(
        _ scalar: Node.Scalar,
        _ found: (properties: Properties, start: Int),
        _ end: Int
    ) throws(InvalidInput) {
        let range = source.range(found.start..<max(found.start, end))
        try count(1, at: range.place)
        try finish(
            Finished(
                node: Node(.scalar(scalar), range: range, tag: found.properties.tag, anchor: found.properties.anchor),
                nodeCount: 1,
                height: 0,
                end: range.bytes.upperBound
            )
        )
    }

    private mutating func open(
        mapping: Bool,
        _ found: (properties: Properties, start: Int),
        _ end: Int
    ) throws(InvalidInput) {
        let place = source.place(at: found.start)
        try count(1, at: place)
        try checkDepth(frames.count + 1, at: place)
        if let anchor = found.properties.anchor { anchors[anchor] = nil }
        frames.append(
            Frame(
                isMapping: mapping,
                start: found.start,
                isBracketed: source.byte(at: found.start) == (mapping ? 0x7B : 0x5B),
                properties: found.properties,
                end: max(found.start, end)
            )
        )
    }

    private mutating func close(_ end: Int) throws(InvalidInput) {
        guard let frame = frames.popLast() else { return }
        let range = source.range(frame.start..<(frame.isBracketed ? end : max(frame.start, frame.end)))
        try finish(
            Finished(
                node: Node(
                    frame.isMapping ? .mapping(frame.members) : .sequence(frame.items),
                    range: range,
                    tag: frame.properties.tag,
                    anchor: frame.properties.anchor
                ),
                nodeCount: frame.nodeCount,
                height: frame.height,
                end: range.bytes.upperBound
            )
        )
    }

    private mutating func takeAlias(_ name: String, _ bytes: Range<Int>) throws(InvalidInput) {
        let range = source.range(bytes)
        guard let target = anchors[name] else {
            if frames.contains(where: { $0.properties.anchor == name }) {
                throw InvalidInput(
                    Diagnostic(
                        at: range.place,
                        "the alias '*\(name)' stands inside of the value that it names",
                        .aliasCycle,
                        fix: "write out what is meant here"
                    )
                )
            }
            let nearest = nearestName(to: name, among: anchors.keys)
            diagnostics.append(
                Diagnostic(
                    at: range.place,
                    "no anchor '&\(name)' stands before the alias '*\(name)'",
                    .unknownAnchor,
                    fix: nearest.map { "write '*\($0)'" } ?? "put the value in quotes if the '*' belongs to it"
                )
            )
            let empty = Node(.scalar(.init(text: "", style: .plain)), range: range, alias: range)
            try finish(Finished(node: empty, nodeCount: 1, height: 0, end: bytes.upperBound))
            return
        }
        try count(target.nodeCount, at: range.place)
        try checkDepth(frames.count + target.height, at: range.place)
        try finish(
            Finished(
                node: target.node.aliased(at: range),
                nodeCount: target.nodeCount,
                height: target.height,
                end: bytes.upperBound
            )
        )
    }

    // MARK: Putting together

    private mutating func finish(_ value: Finished) throws(InvalidInput) {
        if value.node.alias == nil, let anchor = value.node.anchor { anchors[anchor] = value }
        guard var frame = frames.popLast() else {
            root = value.node
            return
        }
        frame.nodeCount += value.nodeCount
        frame.height = max(frame.height, value.height + 1)
        frame.end = max(frame.end, value.end)
        if !frame.isMapping {
            frame.items.append(value.node)
        } else if let key = frame.key {
            if !frame.dropsValue { frame.members.append(Node.Member(key: key, value: value.node)) }
            frame.key = nil
        } else {
            frame.key = value.node
            let refusal = refusal(ofKey: value.node, first: frame.keyPlaces[value.node.scalar?.text ?? ""])
            frame.dropsValue = refusal != nil
            if let refusal { diagnostics.append(refusal) }
            if let name = value.node.scalar?.text, refusal == nil {
                frame.keyPlaces[name] = value.node.alias?.place ?? value.node.place
            }
        }
        frames.append(frame)
    }

    private func refusal(ofKey key: Node, first: SourcePlace?) -> Diagnostic? {
        let place = key.alias?.place ?? key.place
        guard let scalar = key.scalar else {
            return Diagnostic(
                at: place,
                "\(key.kindName) cannot be a key",
                .keyNotText,
                fix: "put the key in quotes if it is meant as a text"
            )
        }
        if scalar.style == .plain, scalar.text.isEmpty {
            return Diagnostic(
                at: place,
                "a ':' without a key before it",
                .keyNotText,
                fix: "write the key, or put the value in quotes"
            )
        }
        if scalar.style == .plain, scalar.text == "<<" {
            return Diagnostic(
                at: place,
                "the merge key '<<' is not supported",
                .mergeKey,
                fix: "write the keys out, or use an alias as a whole value ('key: *name')"
            )
        }
        return first.map { .duplicateKey(scalar.text, at: place, first: $0) }
    }

    private mutating func count(_ nodes: Int, at place: SourcePlace) throws(InvalidInput) {
        nodeCount += nodes
        if nodeCount > limits.nodes { throw InvalidInput(.tooManyNodes(limit: limits.nodes, at: place)) }
    }

    private func checkDepth(_ depth: Int, at place: SourcePlace) throws(InvalidInput) {
        if depth > limits.depth { throw InvalidInput(.tooDeep(limit: limits.depth, at: place)) }
    }
}
