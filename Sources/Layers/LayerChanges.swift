import SystemIO

/// What one layer does to the tree below it, in the order of paths.
struct LayerChanges {
    struct Change {
        let path: EntryPath
        /// The item lies at its own path, and not where a symlink of a lower layer leads.
        let isInPlace: Bool
        /// The item of the listing; nil where the layer only names something below or takes away.
        let item: Int?
        /// The item is a directory, or there is none and a directory has to be here.
        let isDirectory: Bool
        /// The layers below lose this path and all below it.
        let removes: Bool
        /// The layers below lose what is in this directory.
        let isOpaque: Bool
        /// A directory that must be here, because something is in it.
        let isImplicit: Bool
    }

    private let listing: LayerListing
    private var packed = Pieces<Packed>()
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
        self.listing = listing
        var found = Pieces<Packed>()
        origins = try Self.hardLinkOrigins(of: listing, name: name)
        for index in listing.items.indices {
            let entry = listing.items[index].entry
            switch try Whiteout(entry, in: name) {
            case .removal(let target):
                found.append(Packed(elsewhere: try place(target), flags: [.removes]))
            case .opaque:
                let folder = try place(entry.path).parent
                found.append(Packed(elsewhere: folder, flags: [.isDirectory, .isOpaque, .isImplicit]))
            case nil:
                guard !entry.isOverlayWhiteout else {
                    throw LayerError(.hostile, name, entry: entry.path, "is a character device 0:0, which hides files")
                }
                let path = try place(entry.path)
                found.append(
                    Packed(
                        elsewhere: path == entry.path ? nil : path,
                        item: Int32(index),
                        flags: entry.kind == .directory ? [.isDirectory] : []
                    )
                )
            }
        }
        sort(&found)
        try collect(found, name: name, limits)
    }

    /// In the order of paths; of two items with one path the later one comes later, and counts, as it does when the tar
    /// is unpacked.
    private func sort(_ found: inout Pieces<Packed>) {
        var last: EntryPath?
        let isSorted = found.allSatisfy { change in
            let path = path(of: change)
            defer { last = path }
            return last.map { $0 < path } ?? true
        }
        // Layers that Ovenbird makes are sorted already.
        if isSorted { return }
        found.sort { left, right in
            let (first, second) = (path(of: left), path(of: right))
            return first == second ? left.item < right.item : first < second
        }
    }

    private func path(of change: Packed) -> EntryPath { change.elsewhere ?? listing.items.path(at: Int(change.item)) }

    private mutating func collect(
        _ sorted: Pieces<Packed>,
        name: String,
        _ limits: ArchiveLimits
    ) throws(LayerError) {
        // The changes that hold the place looked at, outermost first.
        var above: [(index: Int, path: EntryPath)] = []
        var before: EntryPath?
        for change in sorted {
            let path = path(of: change)
            while let last = above.last, !path.isBelow(last.path) { above.removeLast() }
            let last = packed.count - 1
            if path == before {
                packed[last].take(change)
                if above.last?.index != last { above.append((last, path)) }
                continue
            }
            // A whiteout says nothing about what is above it but that it is there.
            try addMissingParents(of: path, &above, name: name, limits)
            if let last = above.last {
                if packed[last.index].item < 0 {
                    // Taken away from below, and made again by what is in it.
                    packed[last.index].flags.formUnion([.isImplicit, .isDirectory])
                } else if !packed[last.index].flags.contains(.isDirectory) {
                    let message = "lies below '\(last.path)', which is not a directory in the same layer"
                    throw LayerError(.hostile, name, entry: path, message)
                }
            }
            above.append((packed.count, path))
            packed.append(change)
            before = path
        }
    }

    private mutating func addMissingParents(
        of path: EntryPath,
        _ above: inout [(index: Int, path: EntryPath)],
        name: String,
        _ limits: ArchiveLimits
    ) throws(LayerError) {
        var missing: [EntryPath] = []
        var parent = path.parent
        // What is above on the list holds the change, so that the walk ends there at the latest.
        while !parent.isRoot, above.last.map({ $0.path != parent }) ?? true {
            missing.append(parent)
            impliedBytes += parent.bytes.count
            parent = parent.parent
        }
        impliedCount += missing.count
        guard impliedBytes <= limits.impliedBytes, packed.count + missing.count <= limits.entryCount else {
            let message =
                "lies in more folders without entries than are allowed: the layer implies \(impliedCount), "
                + "with \(impliedBytes) bytes of names"
            throw LayerError(.limit, name, entry: path, message)
        }
        for path in missing.reversed() {
            above.append((packed.count, path))
            packed.append(Packed(elsewhere: path, flags: [.isDirectory, .isImplicit]))
        }
    }

    /// A hard link names an entry before it in the same layer; a link to a link shares the first one's content.
    private static func hardLinkOrigins(of listing: LayerListing, name: String) throws(LayerError) -> [Int: Int] {
        let items = listing.items
        // Only what a link names has to be found again.
        let targets = Set(
            items.indices.lazy.filter { items.kind(at: $0) == .hardLink }.compactMap { items[$0].entry.hardLinkTarget }
        )
        if targets.isEmpty { return [:] }
        var seen: [EntryPath: Int] = [:]
        var origins: [Int: Int] = [:]
        for index in items.indices {
            let path = items.path(at: index)
            var origin = index
            if items.kind(at: index) == .hardLink, let target = items[index].entry.hardLinkTarget {
                guard let found = seen[target] else {
                    let message = "is a hard link to '\(target)', which is not before it in the same layer"
                    throw LayerError(.hostile, name, entry: path, message)
                }
                guard items.kind(at: found) != .directory else {
                    let message = "is a hard link to '\(target)', which is a directory"
                    throw LayerError(.hostile, name, entry: path, message)
                }
                origins[index] = found
                origin = found
            }
            if targets.contains(path) { seen[path] = origin }
        }
        return origins
    }
}

extension LayerChanges {
    /// A change without its path, where that is the item's own.
    fileprivate struct Packed: Sendable {
        struct Flags: OptionSet {
            let rawValue: UInt8
            static let isDirectory = Flags(rawValue: 1)
            static let removes = Flags(rawValue: 2)
            static let isOpaque = Flags(rawValue: 4)
            static let isImplicit = Flags(rawValue: 8)
        }

        /// The path of a change without an item, or where the item comes to lie.
        var elsewhere: EntryPath?
        /// -1 for none.
        var item: Int32 = -1
        var flags: Flags

        /// Joins a later change of the same path.
        mutating func take(_ later: Self) {
            let wasDirectory = flags.contains(.isDirectory)
            flags.formUnion(later.flags)
            if later.item >= 0 {
                (item, elsewhere) = (later.item, later.elsewhere)
                if !later.flags.contains(.isDirectory) { flags.remove(.isDirectory) }
            } else if item >= 0, !wasDirectory {
                flags.remove(.isDirectory)
            }
        }
    }

    /// The changes in the order of paths, each made when it is asked for.
    var changes: Changes { Changes(listing: listing, packed: packed) }

    struct Changes: RandomAccessCollection {
        fileprivate let listing: LayerListing
        fileprivate let packed: Pieces<Packed>

        var startIndex: Int { 0 }
        var endIndex: Int { packed.count }

        subscript(position: Int) -> Change {
            let change = packed[position]
            return Change(
                path: change.elsewhere ?? listing.items.path(at: Int(change.item)),
                isInPlace: change.elsewhere == nil,
                item: change.item < 0 ? nil : Int(change.item),
                isDirectory: change.flags.contains(.isDirectory),
                removes: change.flags.contains(.removes),
                isOpaque: change.flags.contains(.isOpaque),
                isImplicit: change.flags.contains(.isImplicit)
            )
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
