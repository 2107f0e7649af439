/// Exclusions with the meaning of a `.dockerignore` file.
///
/// Patterns are relative to the source folder. `*` and `?` stay inside a component, `**` spans any number of them,
/// `[a-z]` is a class, `!` takes an exclusion back, the last match wins, and a match of a folder is a match of all below it.
/// Source: Docker documentation, "Build context", ".dockerignore files".
package struct IgnorePatterns: Sendable, Hashable {
    private struct Pattern: Sendable, Hashable {
        var isNegated: Bool
        var components: [[UInt8]]
    }

    private let patterns: [Pattern]
    /// Whether an excluded folder may hold something that is taken back, so that it has to be walked.
    package let hasNegation: Bool

    package init(_ lines: [String]) {
        patterns = lines.compactMap(Self.parse)
        hasNegation = patterns.contains(where: \.isNegated)
    }

    private static func parse(_ line: String) -> Pattern? {
        if line.hasPrefix("#") { return nil }
        var text = Substring(line.drop { $0 == " " || $0 == "\t" })
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text.removeLast() }
        let isNegated = text.hasPrefix("!")
        if isNegated { text = text.dropFirst().drop { $0 == " " || $0 == "\t" } }
        var components: [[UInt8]] = []
        for component in text.split(separator: "/") where component != "." {
            if component != ".." {
                components.append(Array(component.utf8))
            } else if components.popLast() == nil, !text.hasPrefix("/") {
                // Nothing of the folder lies above it.
                return nil
            }
        }
        return components.isEmpty ? nil : Pattern(isNegated: isNegated, components: components)
    }

    /// Whether the path with these components is left out.
    package func excludes(_ path: [[UInt8]]) -> Bool {
        var isExcluded = false
        for pattern in patterns where pattern.isNegated == isExcluded {
            // A pattern that matches a folder matches what is below it.
            if (1...max(1, path.count)).contains(where: { matches(pattern.components[...], path.prefix($0)) }) {
                isExcluded.toggle()
            }
        }
        return isExcluded
    }

    private func matches(_ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<[UInt8]>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == Array("**".utf8) {
            // At the end it stands for what is in a folder, not for the folder itself.
            if pattern.count == 1 { return !path.isEmpty }
            return matches(pattern.dropFirst(), path)
                || (!path.isEmpty && matches(pattern, path.dropFirst()))
        }
        guard let component = path.first, globMatches(first[...], component[...]) else { return false }
        return matches(pattern.dropFirst(), path.dropFirst())
    }
}

/// Whether one path component matches a pattern of `*`, `?`, `[...]` and `\`.
package func globMatches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    var pattern = pattern
    var name = name
    // Where to go on after the last `*`: the pattern behind it, and the name it has not swallowed yet.
    var retry: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
    while true {
        if pattern.first == UInt8(ascii: "*") {
            pattern = pattern.drop { $0 == UInt8(ascii: "*") }
            retry = (pattern, name)
            continue
        }
        if name.isEmpty && pattern.isEmpty { return true }
        if let next = name.first, let rest = matchOne(pattern, next) {
            // `?` takes a whole character, however many bytes UTF-8 needs for it.
            let isAny = pattern.first == UInt8(ascii: "?")
            pattern = rest
            name = name.dropFirst()
            if isAny, next >= 0xc0 { name = name.drop { $0 & 0xc0 == 0x80 } }
            continue
        }
        guard let last = retry, !last.name.isEmpty else { return false }
        name = last.name.dropFirst()
        pattern = last.pattern
        retry = (pattern, name)
    }
}

/// The pattern behind the element that matched `byte`, or nil where it does not match.
private func matchOne(_ pattern: ArraySlice<UInt8>, _ byte: UInt8) -> ArraySlice<UInt8>? {
    guard let first = pattern.first else { return nil }
    switch first {
    case UInt8(ascii: "?"): return pattern.dropFirst()
    case UInt8(ascii: "["): return matchClass(pattern, byte)
    case UInt8(ascii: "\\") where pattern.count > 1:
        return pattern[pattern.startIndex + 1] == byte ? pattern.dropFirst(2) : nil
    default: return first == byte ? pattern.dropFirst() : nil
    }
}

private func matchClass(_ pattern: ArraySlice<UInt8>, _ byte: UInt8) -> ArraySlice<UInt8>? {
    var rest = pattern.dropFirst()
    let isNegated = rest.first == UInt8(ascii: "^")
    if isNegated { rest = rest.dropFirst() }
    var isMember = false
    var isFirst = true
    while let low = rest.first, isFirst || low != UInt8(ascii: "]") {
        isFirst = false
        rest = rest.dropFirst()
        var high = low
        if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first, end != UInt8(ascii: "]") {
            high = end
            rest = rest.dropFirst(2)
        }
        if low <= byte, byte <= high { isMember = true }
    }
    // A class that is never closed is an ordinary bracket.
    guard rest.first == UInt8(ascii: "]") else {
        return byte == UInt8(ascii: "[") ? pattern.dropFirst() : nil
    }
    return isMember != isNegated ? rest.dropFirst() : nil
}
