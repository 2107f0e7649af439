package import Diagnostics

/// Reads one JSON text (RFC 8259), strictly, into the tree that YAML has too.
///
/// With byte ranges, so that a text can be edited without touching another byte.
package enum JSONReader {
    /// The value of the text, or nil after the first syntax error or limit, with one diagnostic.
    ///
    /// A key that is given twice is a diagnostic, and the first one counts. A byte order mark at the start is allowed.
    package static func read(
        _ text: [UInt8],
        file: String,
        limits: ReadingLimits = .standard,
        diagnostics: inout DiagnosticList
    ) -> Node? {
        let source = SourceText(text, file: file)
        if let refusal = source.refusal(limits: limits) {
            diagnostics.add(refusal)
            return nil
        }
        var parser = JSONParser(source: source, limits: limits)
        defer { diagnostics.add(contentsOf: parser.diagnostics) }
        do {
            return try parser.document()
        } catch {
            parser.diagnostics += error.diagnostics
            return nil
        }
    }
}

/// A parser by recursive descent; the depth limit bounds the recursion.
struct JSONParser {
    let source: SourceText
    let limits: ReadingLimits
    var diagnostics: [Diagnostic] = []
    var offset: Int
    private var nodeCount = 0
    private var depth = 0

    init(source: SourceText, limits: ReadingLimits) {
        self.source = source
        self.limits = limits
        offset = source.start
    }

    mutating func document() throws(InvalidInput) -> Node {
        skipSpace()
        if next == nil { throw problem("the file is empty", fix: "write at least '{}' or '[]'") }
        let node = try value()
        skipSpace()
        if next != nil { throw problem("\(found) after the end of the value", fix: "a file holds one JSON value") }
        return node
    }

    private mutating func value() throws(InvalidInput) -> Node {
        nodeCount += 1
        if nodeCount > limits.nodes {
            throw InvalidInput(.tooManyNodes(limit: limits.nodes, at: source.place(at: offset)))
        }
        switch next {
        case UInt8(ascii: "{"): return try nested { (parser) throws(InvalidInput) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(InvalidInput) in try parser.array() }
        case UInt8(ascii: "\""): return try string()
        case let byte where byte == UInt8(ascii: "-") || isDigit(byte): return try number()
        default: return try word()
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(InvalidInput) -> Node
    ) throws(InvalidInput) -> Node {
        depth += 1
        if depth > limits.depth { throw InvalidInput(.tooDeep(limit: limits.depth, at: source.place(at: offset))) }
        let node = try body(&self)
        depth -= 1
        return node
    }

    private mutating func object() throws(InvalidInput) -> Node {
        let start = offset
        offset += 1
        var members: [Node.Member] = []
        var places: [String: SourcePlace] = [:]
        skipSpace()
        while next != UInt8(ascii: "}") {
            guard next == UInt8(ascii: "\"") else {
                throw problem("\(found) where a key in double quotes should stand", fix: comma(members.isEmpty))
            }
            let key = try string()
            let name = key.scalar?.text ?? ""
            skipSpace()
            guard next == UInt8(ascii: ":") else {
                throw problem("\(found) where ':' should stand after the key '\(name)'")
            }
            offset += 1
            skipSpace()
            let value = try value()
            if let first = places[name] {
                diagnostics.append(.duplicateKey(name, at: key.place, first: first))
            } else {
                places[name] = key.place
                members.append(Node.Member(key: key, value: value))
            }
            try separator(UInt8(ascii: "}"), "the object starts at \(source.place(at: start))")
        }
        offset += 1
        return Node(.mapping(members), range: source.range(start..<offset))
    }

    private mutating func array() throws(InvalidInput) -> Node {
        let start = offset
        offset += 1
        var items: [Node] = []
        skipSpace()
        while next != UInt8(ascii: "]") {
            items.append(try value())
            try separator(UInt8(ascii: "]"), "the list starts at \(source.place(at: start))")
        }
        offset += 1
        return Node(.sequence(items), range: source.range(start..<offset))
    }

    /// Past a comma, or up to the closing bracket; a comma before the bracket is refused.
    private mutating func separator(_ close: UInt8, _ why: String) throws(InvalidInput) {
        skipSpace()
        if next == close { return }
        guard next == UInt8(ascii: ",") else {
            throw problem("\(found) where ',' or '\(Character(Unicode.Scalar(close)))' should stand", why: why)
        }
        let comma = offset
        offset += 1
        skipSpace()
        if next == close {
            offset = comma
            throw problem("a ',' after the last entry", why: "JSON allows none", fix: "remove it")
        }
    }

    private func comma(_ isFirst: Bool) -> String? {
        if next == UInt8(ascii: "'") { return "use double quotes" }
        return isFirst ? nil : "remove the ',' before it if there is no further entry"
    }

    // MARK: Numbers and words

    private mutating func number() throws(InvalidInput) -> Node {
        let start = offset
        if next == UInt8(ascii: "-") { offset += 1 }
        if next == UInt8(ascii: "0") {
            offset += 1
            if isDigit(next) {
                throw problem("a number cannot start with '0'", fix: "write it in quotes, or without the '0'")
            }
        } else {
            try digits()
        }
        if next == UInt8(ascii: ".") {
            offset += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        return plain(start)
    }

    private mutating func digits() throws(InvalidInput) {
        guard isDigit(next) else { throw problem("\(found) where a digit of the number should stand") }
        while isDigit(next) { offset += 1 }
    }

    private mutating func word() throws(InvalidInput) -> Node {
        let start = offset
        while let byte = next, isWordByte(byte) { offset += 1 }
        let text = String(decoding: source.bytes[start..<offset], as: UTF8.self)
        if ["true", "false", "null"].contains(text) { return plain(start) }
        offset = start
        if text.isEmpty { throw problem("\(found) where a value should stand", fix: hint) }
        throw problem("'\(text.prefix(40))' is no JSON value", fix: "put it in double quotes if it is meant as a text")
    }

    private var hint: String? {
        switch next {
        case UInt8(ascii: "'"): "use double quotes"
        case UInt8(ascii: "/"), UInt8(ascii: "#"): "JSON has no comments: remove it"
        default: nil
        }
    }

    private func plain(_ start: Int) -> Node {
        let text = String(decoding: source.bytes[start..<offset], as: UTF8.self)
        return Node(.scalar(.init(text: text, style: .plain)), range: source.range(start..<offset))
    }

    // MARK: Characters

    var next: UInt8? { source.byte(at: offset) }

    private func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }

    private func isWordByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F || byte >= 0x80
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    /// The character at hand as messages show it.
    var found: String {
        guard let found = source.character(startingAt: offset) else { return "the end of the file" }
        return switch found.scalar {
        case "\n", "\r": "the end of the line"
        case "\t": "a tab character"
        case let scalar where scalar.value < 0x20: "a control character"
        case let scalar: "'\(scalar)'"
        }
    }

    func problem(_ message: String, why: String? = nil, fix: String? = nil) -> InvalidInput {
        InvalidInput(Diagnostic(at: source.place(at: offset), message, .jsonSyntax, why: why, fix: fix))
    }
}
