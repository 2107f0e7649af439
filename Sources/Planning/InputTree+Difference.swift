import SystemIO

/// Finds the first line in which a tree differs from an older one, whose lines are given to it in their order.
///
/// In words: `'site/index.html' changed: 1f.. → 2e..`, `... is new`, `... is gone`.
package struct InputDifference {
    /// How the user calls the input; what is below it is named after it.
    private let name: String
    private let entries: InputTree.Entries
    private var position = 0
    private var buffer: [UInt8] = []
    package private(set) var text: String?

    package init(_ tree: InputTree, name: String) {
        self.entries = tree.entries
        self.name = name
    }

    /// Takes whole lines of the older tree; false as soon as no more are needed.
    package mutating func take(_ lines: String) -> Bool {
        for line in Array(lines.utf8).split(separator: UInt8(ascii: "\n")) where text == nil {
            // Most lines are the same, and need not be understood.
            if position < entries.count {
                buffer.removeAll(keepingCapacity: true)
                entries.appendLine(of: position, to: &buffer)
                if buffer.dropLast().elementsEqual(line) {
                    position += 1
                    continue
                }
            }
            text = difference(Line(line))
        }
        return text == nil
    }

    /// The older tree has no more lines.
    package mutating func finish() -> String? {
        if text == nil, position < entries.count { text = "'\(place(current.path))' is new" }
        return text
    }

    private var current: Line {
        var line: [UInt8] = []
        entries.appendLine(of: position, to: &line)
        return Line(line.dropLast())
    }

    private mutating func difference(_ old: Line) -> String? {
        guard position < entries.count else { return "'\(place(old.path))' is gone" }
        let new = current
        position += 1
        if old == new { return nil }
        if old.path != new.path {
            let isAdded = precedes(unescaped(new.path), unescaped(old.path))
            return isAdded ? "'\(place(new.path))' is new" : "'\(place(old.path))' is gone"
        }
        if old.kind != new.kind { return "'\(place(new.path))' changed: \(old.kindName) → \(new.kindName)" }
        return "'\(place(new.path))' changed: \(old.value.prefix(12)) → \(new.value.prefix(12))"
    }

    private func place(_ path: Substring) -> String {
        if path.isEmpty { return name }
        return name == "." ? String(path) : (name.utf8.last == UInt8(ascii: "/") ? name + path : "\(name)/\(path)")
    }
}

private struct Line: Hashable {
    let kind: Substring
    let value: Substring
    let path: Substring

    init(_ line: ArraySlice<UInt8>) {
        // Scalars: as a character, a combining mark would swallow the space before it.
        let text = String(decoding: line, as: UTF8.self)
        let words = text.unicodeScalars.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            .map(Substring.init)
        kind = words[0]
        value = words.count > 1 ? words[1] : ""
        path = words.count > 2 ? words[2] : ""
    }

    var kindName: String {
        switch kind {
        case "x": "executable file"
        case "f": "file"
        case "d": "folder"
        default: "symlink"
        }
    }
}

/// The order of a tree's entries: bytes with `/` lowest, so that a folder comes right before all that is in it.
private func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.lexicographicallyPrecedes(right) { first, second in
        let slash = UInt8(ascii: "/")
        return (first == slash ? 0 : first) < (second == slash ? 0 : second)
    }
}
