/// The first line of a foreign text, without control characters and not too long.
package func cutLine(_ text: String) -> String {
    let line = text.prefix { !$0.isNewline }.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }
    var result = ""
    result.unicodeScalars.append(contentsOf: line.prefix(300))
    return line.count > 300 ? result + "..." : result
}

extension String {
    /// Without white space at its ends.
    package var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
