import Layers

extension Ext4Writer {
    /// Gives all that a layer mentions a name in its folder, unless a layer below has.
    ///
    /// So the blocks of folders lie before the layer's files.
    mutating func addNames(of layer: Int, _ firstInode: UInt32) throws {
        let items = tree.listings[layer].items
        for item in items.indices {
            let known = Int(entries[layer][item])
            if known >= 0 {
                try addName(known)
                if items.kind(at: item) == .directory { try addFolder(known, inode: firstInode + UInt32(item)) }
                continue
            }
            let path = items.path(at: item)
            if path.name.starts(with: Whiteout.prefix) { continue }
            if let position = tree.position(of: path) {
                // Another layer's entry has the name now, and keeps its place.
                try addName(position)
                if items.kind(at: item) == .directory, tree.entry(at: position).kind == .directory {
                    try addFolder(position, inode: firstInode + UInt32(item))
                }
            } else if let folder = tree.position(of: path.parent), tree.entry(at: folder).kind == .directory {
                try addName(folder)
                let number = try addFolder(folder, inode: 0)
                let length = path.name.count
                try folders[number].append(.gone(length: length), nameLength: length) { try system.block() }
            }
        }
    }

    /// Gives an entry its name in its folder, and the folder its own, if they have none.
    mutating func addName(_ position: Int) throws {
        if hasName[position] { return }
        hasName[position] = true
        let parent = Int(parents[position])
        try addName(parent)
        let number = try addFolder(parent, inode: 0)
        let length = tree.path(at: position).name.count
        guard length <= 255 else {
            throw DiskError.unsupported(
                entry: "/\(tree.path(at: position))",
                reason: "its name has more than 255 bytes"
            )
        }
        try folders[number].append(.live(position), nameLength: length) { try system.block() }
    }

    /// Makes a folder of an entry, if it is none yet; the lowest layer that has the folder itself gives it its inode.
    @discardableResult
    mutating func addFolder(_ position: Int, inode: UInt32) throws -> Int {
        let known = Int(folderNumbers[position])
        if known >= 0 {
            if folders[known].inode == 0 { folders[known].inode = inode }
            return known
        }
        folderNumbers[position] = Int32(folders.count)
        folders.append(Ext4Folder(position: position, inode: inode, firstBlock: try system.block()))
        return folders.count - 1
    }

    /// Writes the blocks of all folders, and their inodes.
    mutating func writeFolders() throws {
        var folderCounts = [Int](repeating: 0, count: folders.count)
        for folder in folders where folder.position > 0 {
            folderCounts[Int(folderNumbers[Int(parents[folder.position])])] += 1
        }
        for (number, folder) in folders.enumerated() {
            let parent = folders[Int(folderNumbers[Int(parents[folder.position])])].inode
            let blocks = folder.contents(parent: parent) { name(of: $0) }
            for (block, bytes) in zip(folder.blocks, blocks) {
                var bytes = bytes
                let sum = system.checksum(bytes[..<Ext4Folder.checksummed], of: folder.inode)
                bytes.put(sum, at: Ext4Folder.checksumPlace)
                try system.write(bytes, at: block)
            }
            var extents = Ext4Extents()
            for (index, block) in folder.blocks.enumerated() {
                extents.append(logical: UInt32(index), BlockRun(start: block, count: 1))
            }
            let entry = tree.entry(at: folder.position)
            var inode = Ext4Inode(entry, links: 2 + folderCounts[number])
            try setContent(of: &inode, folder.inode, size: Int64(folder.blocks.count * Ext4Format.blockSize), extents)
            try system.write(inode, folder.inode, isFolder: true)
            if !entry.xattrs.isEmpty { attributes.append((folder.inode, entry.xattrs)) }
        }
    }

    private func name(of slot: Ext4Folder.Slot) -> Ext4Folder.Name {
        switch slot {
        case .gone(let length): return .init(inode: 0, type: 0, bytes: [], length: length)
        case .live(let position):
            let bytes = Array(tree.path(at: position).name)
            let number = Int(folderNumbers[position])
            if number >= 0 {
                let inode = folders[number].inode
                return .init(inode: inode, type: Ext4Folder.folderType, bytes: bytes, length: bytes.count)
            }
            guard let source = tree.source(at: position) else { preconditionFailure("what is implied is a folder") }
            let inode = firstInodes[source.layer] + UInt32(source.origin)
            let type = tree.entry(at: position).kind.entryType
            return .init(inode: inode, type: type, bytes: bytes, length: bytes.count)
        }
    }
}

extension EntryKind {
    /// As an entry of a folder says what it names.
    fileprivate var entryType: UInt8 {
        switch self {
        case .regular, .hardLink: 1
        case .directory: Ext4Folder.folderType
        case .characterDevice: 3
        case .blockDevice: 4
        case .fifo: 5
        case .symlink: 7
        }
    }
}
