import SystemIO

extension MergedTree {
    /// Number of entries, the root included.
    package var count: Int { nodes.count }

    /// The entry itself, symlinks are not followed; nil where nothing is.
    ///
    /// A hard link appears as the file that it is. The root is always there.
    package func entry(at path: EntryPath) -> TarEntry? { node(at: path).map { entry(of: $0) } }

    package func contains(_ path: EntryPath) -> Bool { index(of: path) != nil }

    /// The layer that the entry is from, 0 the lowest; nil where nothing is, or only an implied directory.
    package func layer(of path: EntryPath) -> Int? {
        node(at: path).flatMap { $0.item < 0 ? nil : Int($0.layer) }
    }

    /// What is directly in a directory, in order; empty for all else.
    package func children(of path: EntryPath) -> [TarEntry] {
        guard let parent = index(of: path) else { return [] }
        var result: [TarEntry] = []
        var next = parent + 1
        while next < Int(nodes[parent].end) {
            result.append(entry(of: nodes[next]))
            next = Int(nodes[next].end)
        }
        return result
    }

    /// `path` and all below it, in order; empty where nothing is.
    package func entries(from path: EntryPath = .root) -> Entries {
        guard let start = index(of: path) else { return Entries(tree: self, startIndex: 0, endIndex: 0) }
        return Entries(tree: self, startIndex: start, endIndex: Int(nodes[start].end))
    }

    /// Entries of a tree, made when they are asked for.
    package struct Entries: RandomAccessCollection {
        let tree: MergedTree
        package let startIndex: Int
        package let endIndex: Int

        package subscript(position: Int) -> TarEntry { tree.entry(of: tree.nodes[position]) }
    }

    /// Where the content of a regular file lies; nil for all else.
    package func contents(of path: EntryPath) -> Contents? {
        guard let found = node(at: path).flatMap({ origin(of: $0) }), found.item.entry.kind == .regular else {
            return nil
        }
        return Contents(layer: found.identity.layer, offset: found.item.dataOffset, size: found.item.entry.size)
    }

    /// Equal for the names of one file, and for them only; nil for directories and where nothing is.
    package func identity(of path: EntryPath) -> FileIdentity? {
        guard let found = node(at: path).flatMap({ origin(of: $0) }), found.item.entry.kind != .directory else {
            return nil
        }
        return found.identity
    }

    /// Where `path` leads when the symlinks on the way are followed inside the root, the last one too if asked.
    ///
    /// Absolute targets count from the root, and `..` stops there. What does not exist is kept as it is named.
    /// Errors: more than 40 symlinks, a file where a directory is needed, a path that gets too long.
    package func resolve(_ path: EntryPath, followFinal: Bool = true) throws(LayerError) -> EntryPath {
        var current: [UInt8] = []
        var pending: [ArraySlice<UInt8>] = path.components.reversed()
        var links = 0
        while let component = pending.popLast() {
            if component.elementsEqual([dot]) { continue }
            if component.elementsEqual([dot, dot]) {
                current = EntryPath(normalised: current).parent.bytes
                continue
            }
            let next = EntryPath(normalised: current.isEmpty ? Array(component) : current + [slash] + component)
            guard next.bytes.count <= EntryPath.maximumLength else {
                throw LayerError(.limit, "rootfs", entry: path, "leads to a name that is too long")
            }
            let found = node(at: next).map { entry(of: $0) }
            if let found, found.kind == .symlink, followFinal || !pending.isEmpty {
                links += 1
                guard links <= Self.maximumLinks else {
                    throw LayerError(.hostile, "rootfs", entry: path, "leads through more than 40 symlinks")
                }
                if found.linkTarget.first == slash { current = [] }
                pending += found.linkTarget.split(separator: slash).reversed()
                continue
            }
            if let found, found.kind != .directory, !pending.isEmpty {
                throw LayerError(.unsupported, "rootfs", entry: path, "'\(next)' on the way is not a directory")
            }
            current = next.bytes
        }
        return EntryPath(normalised: current)
    }

    /// All entries as one tar would hold them: the first name of a file carries its content, the others link to it.
    ///
    /// The root comes first.
    package func flattened(_ body: (TarEntry, Contents?) throws(LayerError) -> Void) throws(LayerError) {
        var firstNames: [FileIdentity: EntryPath] = [:]
        let linked = linkedFiles
        for node in nodes {
            var entry = entry(of: node)
            guard let found = origin(of: node), entry.kind != .directory else {
                try body(entry, nil)
                continue
            }
            if let first = firstNames[found.identity] {
                entry.kind = .hardLink
                entry.linkTarget = first.bytes
                entry.size = 0
                entry.setXattrs([])
                try body(entry, nil)
            } else {
                if linked.contains(found.identity) { firstNames[found.identity] = entry.path }
                let isFile = entry.kind == .regular
                let (identity, item) = (found.identity, found.item)
                let size = item.entry.size
                try body(entry, isFile ? Contents(layer: identity.layer, offset: item.dataOffset, size: size) : nil)
            }
        }
    }
}
