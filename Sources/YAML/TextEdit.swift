/// One replacement of bytes in a text.
package struct TextEdit: Hashable, Sendable {
    /// The bytes that go; empty for an insertion.
    package let range: Range<Int>
    package let replacement: [UInt8]

    package init(range: Range<Int>, replacement: [UInt8]) {
        self.range = range
        self.replacement = replacement
    }

    package init(range: Range<Int>, replacement: String) {
        self.init(range: range, replacement: Array(replacement.utf8))
    }

    /// The text with all replacements made; every byte outside of them stays.
    ///
    /// The ranges are those of `text` and may not overlap; insertions at one place keep their order.
    package static func apply(_ edits: [TextEdit], to text: [UInt8]) -> [UInt8] {
        let sorted = edits.enumerated().sorted {
            ($0.element.range.lowerBound, $0.element.range.upperBound, $0.offset)
                < ($1.element.range.lowerBound, $1.element.range.upperBound, $1.offset)
        }
        var result: [UInt8] = []
        var offset = 0
        for (_, edit) in sorted {
            precondition(edit.range.lowerBound >= offset, "two edits of a text overlap")
            result += text[offset..<edit.range.lowerBound]
            result += edit.replacement
            offset = edit.range.upperBound
        }
        return result + text[offset...]
    }
}
