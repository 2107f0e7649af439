import Layers

extension Ext4Writer {
    /// Gives all that a layer mentions a name in its folder, unless a layer below has, and folders their first blocks.
    ///
    /// So the blocks of folders lie before the layer's files. What is gone is treated in the same way, so that nothing moves
    /// when a later layer removes it.
    mutating func addNames(of layer: Int, _ firstInode: UInt32) throws {
        let items = tree.listings[layer].items
        for item in items.indices {
            try check()
            let known = Int(entries[layer][item])
            let isFolder = items.kind(at: item) == .directory
            let inode = firstInode + UInt32(item)
            if known >= 0 {
                try addName(known)
                if isFolder { try addFolder(known, inode: inode) }
                continue
            }
            let path = items.path(at: item)
            if path.name.starts(with: Whiteout.prefix) { continue }
            // Another layer's entry may have the name now, and keeps its place.
            if let position = tree.position(of: path) { try addName(position) } else { try addName(ofGone: path) }
            if isFolder { try addFolder(at: path, inode: inode) }
        }
    }

    /// Gives folders that a layer is the first to imply inodes behind those of its items, and answers how many.
    mutating func numberImplied(from first: UInt32) -> UInt32 {
        var count: UInt32 = 0
        for index in numbered..<folders.count where folders[index].inode == 0 {
            folders[index].inode = first + count
            count += 1
        }
        numbered = folders.count
        return count
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
        try append(.live(position), length, to: number)
    }

    /// The same of what a later layer has removed.
    private mutating func addName(ofGone path: EntryPath) throws {
        guard goneNames.insert(path).inserted else { return }
        let folder = path.parent
        if let position = tree.position(of: folder) { try addName(position) } else { try addName(ofGone: folder) }
        let number = try addFolder(at: folder, inode: 0)
        let length = min(path.name.count, 255)
        try append(.gone(length: length), length, to: number)
    }

    private mutating func append(_ slot: Ext4Folder.Slot, _ length: Int, to number: Int) throws {
        let isThere = folders[number].position != nil
        try folders[number].append(slot, nameLength: length) { try system.block(isThere) }
    }

    /// Makes a folder of what is at a path, whether it is still there or not.
    @discardableResult
    private mutating func addFolder(at path: EntryPath, inode: UInt32) throws -> Int {
        if let position = tree.position(of: path), tree.kind(at: position) == .directory {
            return try addFolder(position, inode: inode)
        }
        if let known = goneFolders[path] {
            if folders[known].inode == 0 { folders[known].inode = inode }
            return known
        }
        goneFolders[path] = folders.count
        folders.append(Ext4Folder(position: nil, inode: inode, firstBlock: try system.block(false)))
        return folders.count - 1
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
        for case let position? in folders.map(\.position) where position > 0 {
            folderCounts[Int(folderNumbers[Int(parents[position])])] += 1
        }
        for (number, folder) in folders.enumerated() {
            guard let position = folder.position else { continue }
            try check()
            let parent = folders[Int(folderNumbers[Int(parents[position])])].inode
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
            let entry = tree.entry(at: position)
            var inode = Ext4Inode(entry, links: 2 + folderCounts[number])
            try setContent(of: &inode, folder.inode, size: Int64(folder.blocks.count * Ext4Format.blockSize), extents)
            try system.write(inode, folder.inode, isFolder: true)
            try note(entry, folder.inode)
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
            let type = tree.kind(at: position).entryType
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
