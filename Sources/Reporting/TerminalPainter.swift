/// Turns lines into what is sent to a terminal: each frame one text, drawn over the last one without clearing first.
package struct TerminalPainter: Sendable {
    package static let showCursor = "\u{1b}[?25h"
    private static let hideCursor = "\u{1b}[?25l"
    // Terminals that do not know mode 2026 (synchronized update) ignore it.
    private static let beginUpdate = "\u{1b}[?2026h"
    private static let endUpdate = "\u{1b}[?2026l"
    private static let eraseToEndOfLine = "\u{1b}[K"
    private static let eraseBelow = "\u{1b}[J"

    /// Columns that each line of the last frame took.
    private var drawn: [Int] = []

    package init() {}

    /// A frame: `permanent` scrolls away above, `live` is drawn over by the next frame.
    ///
    /// `columns` is the width of the terminal now. Lines of the last frame that it has wrapped since then count as the
    /// rows that they take now.
    package mutating func frame(permanent: [String], live: [String], columns: Int) -> String {
        var text = Self.beginUpdate + Self.hideCursor
        let rows = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(1, columns)) }
        if rows > 0 { text += "\u{1b}[\(rows)A\r" }
        for line in permanent + live { text += line + Self.eraseToEndOfLine + "\n" }
        drawn = live.map { DisplayWidth.of(withoutColours($0)) }
        return text + Self.eraseBelow + (live.isEmpty ? Self.showCursor : "") + Self.endUpdate
    }
}

/// The text without the sequences of `Palette`.
package func withoutColours(_ text: String) -> String {
    var result = ""
    var isInside = false
    for scalar in text.unicodeScalars {
        if scalar == "\u{1b}" {
            isInside = true
        } else if !isInside {
            result.unicodeScalars.append(scalar)
        } else if scalar == "m" {
            isInside = false
        }
    }
    return result
}
