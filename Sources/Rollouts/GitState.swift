/// What git says of the work tree that a Bakefile is in: for the release, never for an image.
package struct GitState: Sendable, Hashable {
    /// The commit's full name; nil in a repository without one.
    package var commit: String?
    /// nil where no branch is checked out, as CI systems do it.
    package var branch: String?
    /// The commit in a few characters, counted from the nearest tag as `git describe` does: `v1.2-3-g0123456789ab`.
    ///
    /// It has only what an OCI tag may have.
    package var name: String?
    /// The files that are not as the commit has them, relative to the work tree, sorted by bytes; untracked ones included.
    package var changes: [String]

    package var isDirty: Bool { !changes.isEmpty }

    package init(commit: String?, branch: String? = nil, name: String? = nil, changes: [String] = []) {
        self.commit = commit
        self.branch = branch
        self.name = name
        self.changes = changes
    }

    /// Reads what `git status --porcelain=v2 --branch -z --no-renames` writes.
    ///
    /// Source: git-status(1), "Porcelain Format Version 2". Nil for what is not of that format.
    init?(status: [UInt8]) {
        self.init(commit: nil)
        for line in status.split(separator: 0).map({ String(decoding: $0, as: UTF8.self) }) {
            // The path comes behind as many words as the kind of the entry has.
            let wordCount: Int
            switch line.first {
            case "#":
                read(header: line)
                continue
            case "1": wordCount = 8
            case "u": wordCount = 10
            case "?": wordCount = 1
            default: return nil
            }
            let words = line.split(separator: " ", maxSplits: wordCount, omittingEmptySubsequences: false)
            guard words.count == wordCount + 1, let path = words.last else { return nil }
            changes.append(String(path))
        }
        changes.sort { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    private mutating func read(header: String) {
        let words = header.split(separator: " ", maxSplits: 2)
        guard words.count == 3 else { return }
        switch words[1] {
        case "branch.oid" where words[2] != "(initial)": commit = String(words[2])
        case "branch.head" where words[2] != "(detached)": branch = String(words[2])
        default: break
        }
    }

    /// What an OCI tag may hold of a text: other characters become `-`.
    ///
    /// Source: OCI distribution specification 1.1, "Pulling manifests": `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    static func tag(_ text: String) -> String {
        let bytes = text.utf8.prefix(100).map { byte in isTagByte(byte) ? byte : UInt8(ascii: "-") }
        guard let first = bytes.first else { return "" }
        let isStart = first != UInt8(ascii: ".") && first != UInt8(ascii: "-")
        return (isStart ? "" : "_") + String(decoding: bytes, as: UTF8.self)
    }

    private static func isTagByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
