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
