import SystemIO

/// Exclusions with the meaning of a `.dockerignore` file.
///
/// Patterns are relative to the source folder; a match of a folder is a match of all below it, `!` takes an exclusion
/// back, and the last match wins. What a pattern matches is said at `PathPattern`.
/// Source: Docker documentation, "Build context", ".dockerignore files".
package struct IgnorePatterns: Sendable, Hashable {
    private struct Pattern: Sendable, Hashable {
        var isNegated: Bool
        var path: PathPattern
    }

    private let patterns: [Pattern]
    /// Whether an excluded folder may hold something that is taken back, so that it has to be walked.
    package let hasNegation: Bool

    package init(_ lines: [String]) {
        patterns = lines.compactMap(Self.parse)
        hasNegation = patterns.contains(where: \.isNegated)
    }

    /// Nothing is left out.
    var isEmpty: Bool { patterns.isEmpty }

    private static func parse(_ line: String) -> Pattern? {
        if line.hasPrefix("#") { return nil }
        var text = Substring(line.drop { $0 == " " || $0 == "\t" })
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
        let isNegated = text.hasPrefix("!")
        if isNegated { text = text.dropFirst().drop { $0 == " " || $0 == "\t" } }
        var components: [String] = []
        for component in text.pathComponents where component != "." {
            if component != ".." {
                components.append(component)
            } else if components.popLast() == nil, !text.isAbsolutePath {
                // Nothing of the folder lies above it.
                return nil
            }
        }
        if components.isEmpty { return nil }
        return Pattern(isNegated: isNegated, path: PathPattern(components.joined(separator: "/")))
    }

    /// Whether the path with these components is left out.
    package func excludes(_ path: [[UInt8]]) -> Bool {
        if patterns.isEmpty { return false }
        return excludes(path: Array(path.joined(separator: [UInt8(ascii: "/")])))
    }

    /// The same of a path as text.
    func excludes(path: [UInt8]) -> Bool {
        if patterns.isEmpty { return false }
        let units = PathPattern.units(of: path)
        var isExcluded = false
        for pattern in patterns where pattern.isNegated == isExcluded {
            if pattern.path.matches(units) { isExcluded.toggle() }
        }
        return isExcluded
    }
}
