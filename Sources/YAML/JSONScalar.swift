/// Writes texts for JSON.
package enum JSONScalar {
    /// The text in double quotes; only what JSON demands is escaped, so text beyond ASCII stays readable.
    package static func render(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case let scalar where scalar.value < 0x20:
                result += "\\u" + hexadecimal(scalar.value, digits: 4)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Puts a text in the place of a scalar; a number or `null` becomes a text too.
    package static func replacing(_ node: Node, with text: String) -> TextEdit {
        TextEdit(range: node.range.bytes, replacement: render(text))
    }
}

/// Upper-case digits, zeros in front.
func hexadecimal(_ value: UInt32, digits count: Int) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
}
