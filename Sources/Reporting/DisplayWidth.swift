/// How many columns text takes on a terminal.
package enum DisplayWidth {
    /// Columns of a text without line breaks.
    package static func of(_ text: String) -> Int { text.reduce(0) { $0 + of($1) } }

    /// Columns of a character: 2 for the wide ones of Unicode's East Asian Width (W and F) and for emoji.
    package static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.isASCII { return 1 }
        if first.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{fe0f}") { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return isWide(first.value) ? 2 : 1
        }
    }

    /// The blocks whose characters are W or F in Unicode Standard Annex 11, EastAsianWidth.txt.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff: true
        case 0xa000...0xa4cf, 0xa960...0xa97c, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f: true
        case 0xff01...0xff60, 0xffe0...0xffe6, 0x1b000...0x1b2ff, 0x20000...0x3fffd: true
        default: false
        }
    }
}

extension String {
    /// The text followed by spaces up to `width` columns; longer text stays as it is.
    package func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - DisplayWidth.of(self)))
    }

    /// The text after spaces up to `width` columns.
    package func alignedRight(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - DisplayWidth.of(self))) + self
    }

    /// The text cut to at most `width` columns, with `…` where something is missing.
    package func cut(to width: Int) -> String {
        if DisplayWidth.of(self) <= width { return self }
        if width <= 0 { return "" }
        var text = ""
        var used = 0
        for character in self {
            let next = DisplayWidth.of(character)
            if used + next > width - 1 { break }
            text.append(character)
            used += next
        }
        return text + "…"
    }
}
