/// A line for a value that is not as it has to be; none where it is.
func different(_ name: String, _ expected: String, _ found: String, _ isSame: Bool? = nil) -> [String] {
    isSame ?? (expected == found) ? [] : ["\(name): expected \(expected), found \(found)"]
}

/// A text in quotes, in one line and not too long.
func quoted(_ text: String) -> String {
    let line = text.debugDescription.dropFirst().dropLast()
    return "'\(line.count > 200 ? line.prefix(197) + "..." : line)'"
}

/// Where two texts begin to differ.
func firstDifference(_ expected: String, _ found: String) -> String {
    let expected = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let found = found.split(separator: "\n", omittingEmptySubsequences: false)
    let index = zip(expected, found).prefix { $0 == $1 }.count
    func line(_ lines: [Substring]) -> String { index < lines.count ? quoted(String(lines[index])) : "no more lines" }
    return "line \(index + 1): expected \(line(expected)), found \(line(found))"
}
