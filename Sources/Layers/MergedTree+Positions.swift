import SystemIO

/// Entries by their place in the order of the tree, 0 to `count`: for facts about many of them that are kept elsewhere.
extension MergedTree {
    /// A regular file, under one of its names.
    package struct FilePosition: Sendable, Hashable {
        package let path: EntryPath
        package let contents: Contents
        /// Equal for the names of one file.
        package let identity: FileIdentity
    }

    /// The place of an entry; nil where nothing is.
    package func position(of path: EntryPath) -> Int? { index(of: path) }

    /// The regular file at a place; nil for all else.
    package func file(at position: Int) -> FilePosition? {
        let node = nodes[position]
        guard let found = origin(of: node), found.item.entry.kind == .regular else { return nil }
        return FilePosition(
            path: path(of: node),
            contents: Contents(
                layer: found.identity.layer,
                offset: found.item.dataOffset,
                size: found.item.entry.size
            ),
            identity: found.identity
        )
    }
}
