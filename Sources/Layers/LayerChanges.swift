/// What one layer does to the tree below it, in the order of paths.
struct LayerChanges {
    struct Change {
        let path: EntryPath
        /// The item of the listing; nil where the layer only names something below or takes away.
        var item: Int?
        /// The item is a directory, or there is none and a directory has to be here.
        var isDirectory = true
        /// The layers below lose this path and all below it.
        var removes = false
        /// The layers below lose what is in this directory.
        var isOpaque = false
        /// A directory that must be here, because something is in it.
        var isImplicit = false
    }

    private(set) var changes: [Change] = []
    /// For each hard link the item whose content it shares.
    private(set) var origins: [Int: Int] = [:]
    private var impliedBytes = 0
    private var impliedCount = 0

    /// Reads a listing; `place` says where the entry at a path of the layer comes to lie.
    ///
    /// Directories that are only implied count as entries.
    init(
        _ listing: LayerListing,
        name: String,
        limits: ArchiveLimits = .standard,
        place: (EntryPath) throws(LayerError) -> EntryPath
    ) throws(LayerError) {
        var found: [Change] = []
        found.reserveCapacity(listing.items.count)
        origins = try Self.hardLinkOrigins(of: listing, name: name)
        for (index, item) in listing.items.enumerated() {
            let entry = item.entry
            switch try Whiteout(entry, in: name) {
            case .removal(let target):
                found.append(Change(path: try place(target), isDirectory: false, removes: true))
            case .opaque: found.append(Change(path: try place(entry.path).parent, isOpaque: true, isImplicit: true))
            case nil:
                guard !entry.isOverlayWhiteout else {
                    throw LayerError(.hostile, name, entry: entry.path, "is a character device 0:0, which hides files")
                }
                found.append(Change(path: try place(entry.path), item: index, isDirectory: entry.kind == .directory))
            }
        }
        // Stable: of two entries with one path the later one counts, as it does when the tar is unpacked.
        let order = found.indices.sorted { (found[$0].path, $0) < (found[$1].path, $1) }
        try collect(order.lazy.map { found[$0] }, name: name, limits)
    }

    private mutating func collect(
        _ sorted: some Sequence<Change>,
        name: String,
        _ limits: ArchiveLimits
    ) throws(LayerError) {
        // The changes that hold the place looked at, outermost first.
        var above: [Int] = []
        for change in sorted {
            while let last = above.last, !change.path.isBelow(changes[last].path) { above.removeLast() }
            if let last = changes.indices.last, changes[last].path == change.path {
                changes[last].take(change)
                if above.last != last { above.append(last) }
                continue
            }
            // A whiteout says nothing about what is above it but that it is there.
            try addMissingParents(of: change, &above, name: name, limits)
            if let last = above.last, !changes[last].isDirectory, changes[last].item != nil {
                let message = "lies below '\(changes[last].path)', which is not a directory in the same layer"
                throw LayerError(.hostile, name, entry: change.path, message)
            }
            if let last = above.last, changes[last].item == nil {
                // Taken away from below, and made again by what is in it.
                changes[last].isImplicit = true
                changes[last].isDirectory = true
            }
            above.append(changes.count)
            changes.append(change)
        }
    }

    private mutating func addMissingParents(
        of change: Change,
        _ above: inout [Int],
        name: String,
        _ limits: ArchiveLimits
    ) throws(LayerError) {
        var missing: [EntryPath] = []
        var parent = change.path.parent
        // What is above on the list holds the change, so that the walk ends there at the latest.
        while !parent.isRoot, above.last.map({ changes[$0].path != parent }) ?? true {
            missing.append(parent)
            impliedBytes += parent.bytes.count
            parent = parent.parent
        }
        impliedCount += missing.count
        guard impliedBytes <= limits.impliedBytes, changes.count + missing.count <= limits.entryCount else {
            let message =
                "lies in more folders without entries than are allowed: the layer implies \(impliedCount), "
                + "with \(impliedBytes) bytes of names"
            throw LayerError(.limit, name, entry: change.path, message)
        }
        for path in missing.reversed() {
            above.append(changes.count)
            changes.append(Change(path: path, isImplicit: true))
        }
    }

    /// A hard link names an entry before it in the same layer; a link to a link shares the first one's content.
    private static func hardLinkOrigins(of listing: LayerListing, name: String) throws(LayerError) -> [Int: Int] {
        guard listing.items.contains(where: { $0.entry.kind == .hardLink }) else { return [:] }
        var seen: [EntryPath: Int] = [:]
        var origins: [Int: Int] = [:]
        for (index, item) in listing.items.enumerated() {
            if let target = item.entry.hardLinkTarget {
                guard let origin = seen[target] else {
                    let message = "is a hard link to '\(target)', which is not before it in the same layer"
                    throw LayerError(.hostile, name, entry: item.entry.path, message)
                }
                guard listing.items[origin].entry.kind != .directory else {
                    let message = "is a hard link to '\(target)', which is a directory"
                    throw LayerError(.hostile, name, entry: item.entry.path, message)
                }
                origins[index] = origin
                seen[item.entry.path] = origin
            } else {
                seen[item.entry.path] = index
            }
        }
        return origins
    }
}

extension LayerChanges.Change {
    /// Joins a later change of the same path.
    fileprivate mutating func take(_ later: Self) {
        removes = removes || later.removes
        isOpaque = isOpaque || later.isOpaque
        isImplicit = isImplicit || later.isImplicit
        if let item = later.item {
            self.item = item
            isDirectory = later.isDirectory
        } else if item == nil {
            isDirectory = isDirectory || later.isDirectory
        }
    }
}

extension LayerListing {
    /// Whether every directory that holds an entry is an entry too.
    ///
    /// Such a layer unpacks to the same files whatever is below; layers that Ovenbird makes are so.
    package func isSelfContained(name: String) throws(LayerError) -> Bool {
        let changes = try LayerChanges(self, name: name) { (path) throws(LayerError) in path }
        return changes.changes.allSatisfy { !$0.isImplicit || $0.item != nil || $0.path.isRoot }
    }
}

extension TarEntry {
    /// How overlayfs writes a whiteout; in a layer it could only be meant to hide something.
    var isOverlayWhiteout: Bool { kind == .characterDevice && deviceMajor == 0 && deviceMinor == 0 }
}
