/// The names by which a layer says what it takes away.
///
/// Source: OCI image specification 1.1, layer.md, "Whiteouts".
package enum Whiteout: Hashable, Sendable {
    /// `.wh.NAME`: the entry beside it, of the layers below, with all that is in it.
    case removal(EntryPath)
    /// `.wh..wh..opq`: all that the layers below have in its directory.
    case opaque(EntryPath)

    package static let prefix = Array(".wh.".utf8)
    static let opaqueName = Array(".wh..wh..opq".utf8)

    /// What `entry` takes away; nil for an ordinary entry.
    ///
    /// Refused are names with the prefix that take nothing away (`.wh.`, `.wh..`, `.wh...`, names of aufs), a directory
    /// with the prefix, and whiteouts that are no plain files.
    package init?(_ entry: TarEntry, in archive: String) throws(LayerError) {
        guard let start = Self.reservedComponent(of: entry.path.bytes) else { return nil }
        let path = entry.path
        let name = path.name
        guard start == name.startIndex, entry.kind == .regular else {
            throw LayerError(
                .hostile,
                archive,
                entry: path,
                "'.wh.' begins the name of a whiteout, which is a plain file"
            )
        }
        if name.elementsEqual(Self.opaqueName) {
            self = .opaque(path.parent)
            return
        }
        let target = name.dropFirst(Self.prefix.count)
        guard !target.isEmpty, !target.elementsEqual([dot]), !target.elementsEqual([dot, dot]),
            !target.starts(with: Self.prefix)
        else { throw LayerError(.hostile, archive, entry: path, "is a whiteout of nothing that can exist") }
        let parent = path.parent.bytes
        self = .removal(EntryPath(normalised: parent.isEmpty ? Array(target) : parent + [slash] + target))
    }

    /// The path of the whiteout itself.
    package var path: EntryPath {
        switch self {
        case .opaque(let folder):
            EntryPath(normalised: (folder.isRoot ? [] : folder.bytes + [slash]) + Self.opaqueName)
        case .removal(let target):
            EntryPath(
                normalised: (target.parent.isRoot ? [] : target.parent.bytes + [slash]) + Self.prefix + target.name
            )
        }
    }

    /// The entry as a layer holds it: an empty file of nobody's.
    package func entry(modified: Int64) -> TarEntry { .regular(path, size: 0, mode: 0, modified: modified) }

    /// Where the first component begins that has the prefix.
    static func reservedComponent(of path: [UInt8]) -> Int? {
        path.withUnsafeBufferPointer { path in
            var start = 0
            while start + 4 <= path.count {
                if path[start] == dot, path[start + 1] == UInt8(ascii: "w"), path[start + 2] == UInt8(ascii: "h"),
                    path[start + 3] == dot
                {
                    return start
                }
                while start < path.count, path[start] != slash { start += 1 }
                start += 1
            }
            return nil
        }
    }
}
