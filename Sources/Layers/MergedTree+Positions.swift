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

extension MergedTree {
    /// The item of a layer that an entry is from, under its own name; nil for a directory that is only implied.
    package struct Source: Sendable, Hashable {
        package let layer: Int
        package let item: Int
        /// The item that holds facts and content: another one for a hard link.
        package let origin: Int

        /// Equal for the names of one file.
        package var file: FileIdentity { FileIdentity(layer: layer, item: origin) }
    }

    package func source(at position: Int) -> Source? {
        let node = nodes[position]
        return identity(of: node).map { Source(layer: $0.layer, item: Int(node.item), origin: $0.item) }
    }

    /// What is at a place; a hard link is what it is one of.
    package func kind(at position: Int) -> EntryKind {
        identity(of: nodes[position]).map { listings[$0.layer].items.kind(at: $0.item) } ?? .directory
    }

    package func path(at position: Int) -> EntryPath { path(of: nodes[position]) }

    /// The entry at a place, under its own path.
    package func entry(at position: Int) -> TarEntry { entry(of: nodes[position]) }

    /// The place behind the last entry below the one at `position`.
    package func end(at position: Int) -> Int { Int(nodes[position].end) }
}
