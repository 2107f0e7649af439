import Diagnostics

extension JSONParser {
    /// A text in double quotes; the range has the quotes inside.
    mutating func string() throws(InvalidInput) -> Node {
        let start = offset
        offset += 1
        var text: [UInt8] = []
        while true {
            switch next {
            case nil:
                offset = start
                throw problem("the text that starts here has no closing quote")
            case UInt8(ascii: "\""):
                offset += 1
                let scalar = Node.Scalar(text: String(decoding: text, as: UTF8.self), style: .doubleQuoted)
                return Node(.scalar(scalar), range: source.range(start..<offset))
            case UInt8(ascii: "\\"): try text.append(contentsOf: escape())
            case let byte? where byte < 0x20:
                let endsLine = byte == 0x0A || byte == 0x0D
                throw problem(
                    "\(found) inside of a text",
                    fix: endsLine ? "close the text with '\"', or write '\\n'" : "write it as an escape, like '\\t'"
                )
            case let byte?:
                text.append(byte)
                offset += 1
            }
        }
    }

    /// The UTF-8 of one escape.
    private mutating func escape() throws(InvalidInput) -> [UInt8] {
        let start = offset
        offset += 1
        let byte = next
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return byte.map { [$0] } ?? []
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try character(start)
        default:
            offset = start
            throw problem("an unknown escape in a text", fix: "write '\\\\' for a backslash")
        }
    }

    /// What stands after `\u`: four digits, or two times four for a character beyond U+FFFF.
    private mutating func character(_ start: Int) throws(InvalidInput) -> [UInt8] {
        let first = try unit(start)
        if let scalar = Unicode.Scalar(first) { return Array(String(Character(scalar)).utf8) }
        if (0xD800...0xDBFF).contains(first), next == UInt8(ascii: "\\"),
            source.byte(at: offset + 1) == UInt8(ascii: "u")
        {
            offset += 2
            let second = try unit(start)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return Array(String(Character(scalar)).utf8)
            }
        }
        offset = start
        throw problem("half of a surrogate pair, which is no character")
    }

    private mutating func unit(_ start: Int) throws(InvalidInput) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                offset = start
                throw problem("an escape without its four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
