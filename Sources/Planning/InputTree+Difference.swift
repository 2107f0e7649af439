extension InputTree {
    /// The first line in which two listings differ, in words: `'site/index.html' changed: 1f.. → 2e..`, `... is new`.
    ///
    /// `name` is how the user calls the input; what is below it is named after it.
    package static func firstDifference(old: String, new: String, name: String) -> String? {
        let oldEntries = entries(of: old)
        let newEntries = entries(of: new)
        var (left, right) = (oldEntries[...], newEntries[...])
        while let old = left.first ?? right.first {
            guard let new = right.first else { return "'\(join(name, old.path))' is gone" }
            guard let old = left.first else { return "'\(join(name, new.path))' is new" }
            if old == new {
                left = left.dropFirst()
                right = right.dropFirst()
                continue
            }
            if old.path == new.path {
                let place = "'\(join(name, new.path))'"
                if old.kind != new.kind {
                    return "\(place) changed: \(kindName(old.kind)) → \(kindName(new.kind))"
                }
                return "\(place) changed: \(old.value.prefix(12)) → \(new.value.prefix(12))"
            }
            let isAdded = !oldEntries.contains { $0.path == new.path }
            return isAdded ? "'\(join(name, new.path))' is new" : "'\(join(name, old.path))' is gone"
        }
        return nil
    }

    private struct Line: Hashable {
        let kind: Substring
        let value: Substring
        let path: Substring
    }

    private static func entries(of listing: String) -> [Line] {
        // Scalars: as a character, a combining mark would swallow the space before it.
        listing.unicodeScalars.split(separator: "\n").map { line in
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(Substring.init)
            return Line(kind: words[0], value: words.count > 1 ? words[1] : "", path: words.count > 2 ? words[2] : "")
        }
    }

    private static func join(_ name: String, _ path: Substring) -> String {
        if path.isEmpty { return name }
        return name == "." ? String(path) : (name.utf8.last == UInt8(ascii: "/") ? name + path : "\(name)/\(path)")
    }

    private static func kindName(_ kind: Substring) -> String {
        switch kind {
        case "x": "executable file"
        case "f": "file"
        case "d": "folder"
        default: "symlink"
        }
    }
}
