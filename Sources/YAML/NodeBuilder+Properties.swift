import CYAML

extension NodeBuilder {
    /// What stands before a value: its tag and its anchor, as written.
    struct Properties {
        var tag: String?
        var anchor: String?
    }

    /// The properties at the start of an event's text, and where the value itself begins.
    ///
    /// libyaml starts an event at its first property and resolves the tag (`!!str` becomes a long name), so both are
    /// read again from the text; libyaml has said how many there are, and has checked their spelling.
    func properties(
        _ anchor: UnsafePointer<UInt8>?,
        _ tag: UnsafePointer<UInt8>?,
        _ event: Range<Int>
    ) -> (properties: Properties, start: Int) {
        var properties = Properties()
        var offset = event.lowerBound
        var isFirst = true
        var remaining = (anchor == nil ? 0 : 1) + (tag == nil ? 0 : 1)
        while remaining > 0 {
            if !isFirst { offset = skipBlanks(from: offset) }
            isFirst = false
            let end = endOfProperty(at: offset)
            let text = String(decoding: source.bytes[offset..<end], as: UTF8.self)
            if text.utf8.first == UInt8(ascii: "&") {
                properties.anchor = String(text.dropFirst())
            } else {
                properties.tag = text
            }
            offset = end
            remaining -= 1
        }
        // A value without text ends with its properties: the blanks after it are not its own.
        let value = offset >= event.upperBound || isFirst ? offset : skipBlanks(from: offset)
        return (properties, value)
    }

    private func endOfProperty(at offset: Int) -> Int {
        let isVerbatim =
            source.byte(at: offset) == UInt8(ascii: "!") && source.byte(at: offset + 1) == UInt8(ascii: "<")
        var end = offset + 1
        while let byte = source.byte(at: end) {
            if isVerbatim {
                if byte == UInt8(ascii: ">") { return end + 1 }
            } else if isBlank(byte) || [0x2C, 0x5B, 0x5D, 0x7B, 0x7D].contains(byte) {
                return end
            }
            end += 1
        }
        return end
    }

    /// Past white space, line ends and comments.
    private func skipBlanks(from start: Int) -> Int {
        var offset = start
        while let byte = source.byte(at: offset) {
            if byte == UInt8(ascii: "#") {
                while let byte = source.byte(at: offset), byte != 0x0A, byte != 0x0D { offset += 1 }
            } else if isBlank(byte) {
                offset += 1
            } else {
                break
            }
        }
        return offset
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    static func text(_ pointer: UnsafePointer<UInt8>?) -> String? { pointer.map { String(cString: $0) } }
}
