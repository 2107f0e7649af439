extension JSONValue {
    /// Reads a JSON text of at most `limit` bytes, as RFC 8259 has it and without the leeway that it gives.
    ///
    /// Refused with the line and column: duplicate keys, nesting deeper than 200, invalid UTF-8, lone surrogates,
    /// anything after the value.
    package static func parse(_ bytes: [UInt8], limit: Int = 64 << 20) throws(DocumentError) -> JSONValue {
        guard bytes.count <= limit else { throw DocumentError.tooLarge(size: bytes.count, limit: limit) }
        var parser = JSONParser(bytes)
        return try parser.document()
    }

    /// The canonical text: sorted keys, no white space, only what JSON demands is escaped.
    ///
    /// Equal values give equal bytes, on every machine. In the manner of RFC 8785, for the values that we use.
    package var canonicalText: String {
        var writer = JSONWriter(indent: nil)
        writer.write(self)
        return writer.text
    }

    package var canonicalBytes: [UInt8] { Array(canonicalText.utf8) }

    /// For people: sorted keys, two spaces of indentation, a line feed at the end.
    package var prettyText: String {
        var writer = JSONWriter(indent: 2)
        writer.write(self)
        return writer.text + "\n"
    }
}

/// A received document that cannot be used.
package enum DocumentError: Error, Hashable, CustomStringConvertible {
    case tooLarge(size: Int, limit: Int)
    case invalid(document: String, reason: String)

    package var description: String {
        switch self {
        case .tooLarge(let size, let limit): "the document has \(size) bytes, more than the limit of \(limit)"
        case .invalid(let document, let reason): "\(document): \(reason)"
        }
    }
}

private struct JSONWriter {
    var text = ""
    let indent: Int?
    var depth = 0

    init(indent: Int?) { self.indent = indent }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += "\(value)"
        case .string(let value): write(string: value)
        case .array(let values):
            list("[", "]", values) { writer, value in writer.write(value) }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            list("{", "}", sorted) { writer, member in
                writer.write(string: member.key)
                writer.text += writer.indent == nil ? ":" : ": "
                writer.write(member.value)
            }
        }
    }

    private mutating func list<Item>(
        _ open: String,
        _ close: String,
        _ items: [Item],
        _ body: (inout JSONWriter, Item) -> Void
    ) {
        text += open
        depth += 1
        for (position, item) in items.enumerated() {
            if position > 0 { text += "," }
            newLine()
            body(&self, item)
        }
        depth -= 1
        if !items.isEmpty { newLine() }
        text += close
    }

    private mutating func newLine() {
        if let indent { text += "\n" + String(repeating: " ", count: depth * indent) }
    }

    private mutating func write(string: String) {
        text += "\""
        // Nearly all have nothing to escape.
        if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            text += string
            text += "\""
            return
        }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{c}": text += "\\f"
            case let scalar where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
