extension String {
    /// The text with everything that could steer a terminal or forge a log line made visible: `\x1b`, `\r`, `\u{202e}`.
    ///
    /// Control characters (C0, DELETE, C1), line and paragraph separators, and the characters that change the direction
    /// of text. What comes from a Bakefile, an image or a program passes through here before it is shown.
    package var neutralised: String {
        guard unicodeScalars.contains(where: \.steersTerminals) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.steersTerminals { text += scalar.visible } else { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether showing it could do more than print a character.
    var steersTerminals: Bool {
        switch value {
        case 0x00...0x1f, 0x7f...0x9f: true
        case 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0x61c: true
        default: false
        }
    }

    /// A spelling in printable ASCII.
    var visible: String {
        switch value {
        case 0x09: "\\t"
        case 0x0a: "\\n"
        case 0x0d: "\\r"
        case 0x00...0xff: "\\x" + (value < 16 ? "0" : "") + String(value, radix: 16)
        default: "\\u{" + String(value, radix: 16) + "}"
        }
    }
}
