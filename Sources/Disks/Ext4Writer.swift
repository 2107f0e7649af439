package import Layers
package import SystemIO

/// Writes the tree that layers make into an ext4 file system, without unpacking it and without root.
///
/// Each layer takes inodes and blocks behind all of those below it, for all that it has: what a later layer replaces or
/// removes leaves a hole. So a change of a layer moves nothing of the layers below. Names keep their places in folders for the
/// same reason.
package struct Ext4Writer {
    let tree: MergedTree
    let system: Ext4FileSystem
    /// Of the layers, from the lowest on.
    let contents: [LayerContent]

    /// Of each entry, the folder that it is in.
    var parents: [Int32]
    /// Of each item of each layer, the entry that it is; -1 where an upper layer has another one, or none.
    var entries: [[Int32]]
    /// The number of names of files that have several.
    var links: [MergedTree.FileIdentity: Int] = [:]

    var folders: [Ext4Folder] = []
    /// Of each entry, its number in `folders`; -1 for what is no folder, and as long as no layer has mentioned it.
    var folderNumbers: [Int32]
    /// Whether an entry has its name in its folder.
    var hasName: [Bool]
    /// Names and folders that a later layer has removed, in the same way.
    var goneNames: Set<EntryPath> = []
    var goneFolders: [EntryPath: Int] = [:]
    /// Folders before this one have an inode.
    var numbered = 0
    /// Throws where nobody waits for the result any more.
    let check: () throws -> Void
    /// Inodes with extended attributes, which are written last.
    var attributes: [(inode: UInt32, entry: TarEntry)] = []

    /// What a check of the file system finds without a name goes into a folder that each one has, and which so has the first
    /// inode, whatever layers do to it.
    private static let lost: EntryPath = "lost+found"

    /// The lowest layer of each tree that is written: the file system's own.
    package static func lowestLayer(_ format: Ext4Format) -> LayerListing {
        LayerListing(
            items: .init([.init(entry: .directory(lost, mode: 0o700, modified: format.time), dataOffset: 0)])
        )
    }

    /// Writes a file system of `size` bytes from `offset` on into a disk that is all zeros there.
    ///
    /// The lowest layer of the tree is `lowestLayer`; `files` are the uncompressed tars of the layers above it. `isDirect` is
    /// for a disk that is synced at its end and not read before. What `check` throws, which is called often, ends it.
    /// Throws `DiskError`, `SystemError`, and `LayerError` where the layers make no tree.
    package static func write(
        _ layers: MergedTree,
        _ files: [Descriptor],
        on disk: Descriptor,
        from offset: Int64,
        size: Int64,
        format: Ext4Format,
        isDirect: Bool = false,
        check: @escaping () throws -> Void = {}
    ) throws {
        var tree = layers
        if !tree.contains(lost) { tree = try tree.adding([lowestLayer(format)]) }
        guard tree.entry(at: lost)?.kind == .directory else {
            let reason = "every ext4 file system needs a folder of that name"
            throw DiskError.unsupported(entry: "/\(lost)", reason: reason)
        }
        // One for each item, whether or not an upper layer leaves it, and for folders that are only implied.
        let implied = (0..<tree.count).count { tree.source(at: $0) == nil }
        let inodes = tree.listings.reduce(Int64(Ext4FileSystem.firstInode) + Int64(implied)) {
            $0 + Int64($1.items.count)
        }
        let blocks = size / Int64(Ext4Format.blockSize)
        let system = try Ext4FileSystem(
            format,
            on: disk,
            from: offset,
            size: size,
            inodes: Ext4Format.inodes(blocks, needed: inodes),
            isDirect: isDirect
        )
        guard Int64(system.inodeCount) >= inodes else {
            throw DiskError.tooSmall(size: size, needed: inodes * Int64(Ext4Format.blockSize))
        }
        // The file system's own folder has no content.
        let contents = ([disk] + files + [disk]).map { LayerContent($0) }
        var writer = Ext4Writer(tree, system, contents, check)
        try writer.write()
    }

    private init(
        _ tree: MergedTree,
        _ system: Ext4FileSystem,
        _ contents: [LayerContent],
        _ check: @escaping () throws -> Void
    ) {
        self.tree = tree
        self.system = system
        self.contents = contents
        self.check = check
        parents = [Int32](repeating: 0, count: tree.count)
        entries = tree.listings.map { [Int32](repeating: -1, count: $0.items.count) }
        folderNumbers = [Int32](repeating: -1, count: tree.count)
        hasName = [Bool](repeating: false, count: tree.count)
        hasName[0] = true
        relate()
    }

    /// Fills in what entries are to each other and to the items of the layers.
    private mutating func relate() {
        var open: [(position: Int, end: Int)] = []
        for position in 0..<tree.count {
            while let last = open.last, last.end <= position { open.removeLast() }
            if let last = open.last { parents[position] = Int32(last.position) }
            let end = tree.end(at: position)
            if end > position + 1 { open.append((position, end)) }
            guard let source = tree.source(at: position) else { continue }
            entries[source.layer][source.item] = Int32(position)
            if source.origin != source.item { links[source.file, default: 0] += 1 }
        }
        // The name that the file was stored under counts too, if it is still there.
        for file in Array(links.keys) where entries[file.layer][file.item] >= 0 { links[file, default: 0] += 1 }
    }

    private mutating func write() throws {
        try addFolder(0, inode: Ext4FileSystem.rootInode)
        var first = Ext4FileSystem.firstInode
        for layer in tree.listings.indices {
            try addNames(of: layer, first)
            let items = UInt32(tree.listings[layer].items.count)
            let implied = numberImplied(from: first + items)
            try addFiles(of: layer, first)
            firstInodes.append(first)
            first += items + implied
        }
        // Folders that nothing but what has been removed from them implies.
        for position in 0..<tree.count where !hasName[position] {
            try addName(position)
            try addFolder(position, inode: 0)
        }
        _ = numberImplied(from: first)
        try writeFolders()
        for (inode, entry) in attributes { try system.setAttributes(of: entry, inode) }
        try system.close()
    }

    /// The first inode of each layer: an item has the one of its number behind it.
    var firstInodes: [UInt32] = []

    /// Remembers an entry whose extended attributes are to be written.
    mutating func note(_ entry: TarEntry, _ inode: UInt32) throws {
        for attribute in entry.xattrs {
            let known = ["user.", "trusted.", "security.", "system.posix_acl_access", "system.posix_acl_default"]
            // The rest of the name has its length in one byte.
            guard known.contains(where: attribute.name.hasPrefix), attribute.name.utf8.count <= 255 else {
                let reason = "Linux has no extended attribute '\(attribute.name)'"
                throw DiskError.unsupported(entry: "/\(entry.path)", reason: reason)
            }
        }
        if !entry.xattrs.isEmpty { attributes.append((inode, entry)) }
    }
}
