import Layers

extension Ext4Writer {
    /// Content is written, and zeros are looked for, in pieces of so many blocks.
    private static let piece = 16

    /// Writes the files of a layer that are still there, and keeps the room of the others.
    mutating func addFiles(of layer: Int, _ firstInode: UInt32) throws {
        let items = tree.listings[layer].items
        for number in items.indices {
            try check()
            let kind = items.kind(at: number)
            if kind == .directory || kind == .hardLink { continue }
            let item = items[number]
            let isThere = entries[layer][number] >= 0 || links[.init(layer: layer, item: number)] != nil
            if !isThere && item.entry.path.name.starts(with: Whiteout.prefix) { continue }
            try addFile(item, of: layer, number, firstInode + UInt32(number), isThere)
        }
    }

    private mutating func addFile(
        _ item: LayerListing.Item,
        of layer: Int,
        _ number: Int,
        _ inodeNumber: UInt32,
        _ isThere: Bool
    ) throws {
        let links = links[.init(layer: layer, item: number)] ?? 1
        guard links <= Ext4Inode.mostLinks else {
            throw DiskError.unsupported(
                entry: "/\(item.entry.path)",
                reason: "it has \(links) names, and a file has \(Ext4Inode.mostLinks) at most"
            )
        }
        if isThere { try refuseOdd(item.entry) }
        var inode = Ext4Inode(item.entry, links: links)
        switch item.entry.kind {
        case .regular:
            let extents = try addContent(of: item, layer, isThere)
            try setContent(of: &inode, inodeNumber, size: item.entry.size, extents, isThere)
        case .symlink where item.entry.linkTarget.count > Ext4Inode.longestInlineTarget:
            let target = item.entry.linkTarget
            var extents = Ext4Extents()
            for run in try system.reserve(1) {
                extents.append(logical: 0, run)
                if !isThere { continue }
                system.use(run)
                try system.write(run) { block in
                    block.initializeMemory(as: UInt8.self, repeating: 0)
                    block.copyBytes(from: target.prefix(block.count))
                }
            }
            try setContent(of: &inode, inodeNumber, size: Int64(target.count), extents, isThere)
        case .symlink: inode.setTarget(item.entry.linkTarget)
        default: break
        }
        if !isThere { return }
        try system.write(inode, inodeNumber)
        try note(item.entry, inodeNumber)
    }

    /// Refuses what has no form in the file system.
    private func refuseOdd(_ entry: TarEntry) throws {
        let reason: String?
        switch entry.kind {
        case .symlink where entry.linkTarget.isEmpty: reason = "its target is empty"
        case .symlink where entry.linkTarget.count >= Ext4Format.blockSize:
            reason = "its target has more than \(Ext4Format.blockSize - 1) bytes"
        case .characterDevice, .blockDevice:
            let isKnown = entry.deviceMajor < 1 << 12 && entry.deviceMinor < 1 << 20
            reason = isKnown ? nil : "Linux has no device \(entry.deviceMajor):\(entry.deviceMinor)"
        default: reason = nil
        }
        if let reason { throw DiskError.unsupported(entry: "/\(entry.path)", reason: reason) }
    }

    /// Content of at least so many bytes goes straight to where it is written from; smaller files are read together.
    private static let leastUncopied = 64 << 10

    /// Writes content, or keeps its room; pieces of zeros take none.
    private mutating func addContent(of item: LayerListing.Item, _ layer: Int, _ isThere: Bool) throws -> Ext4Extents {
        var extents = Ext4Extents()
        let pieceLength = Int64(Self.piece * Ext4Format.blockSize)
        var done: Int64 = 0
        while done < item.entry.size {
            try check()
            let length = Int(min(pieceLength, item.entry.size - done))
            let logical = UInt32(done / Int64(Ext4Format.blockSize))
            let count = (length + Ext4Format.blockSize - 1) / Ext4Format.blockSize
            // Only a whole piece can be a hole; of what is not there nothing else has to be known.
            if length >= Self.leastUncopied, isThere {
                let room = try system.room(length)
                try contents[layer].read(at: item.dataOffset + done, into: room)
                if length < Int(pieceLength) || !isZero(UnsafeRawBufferPointer(room)) {
                    try add(UnsafeRawBufferPointer(room), logical, count, isThere, to: &extents)
                }
            } else if length == Int(pieceLength) || isThere {
                try contents[layer].withBytes(at: item.dataOffset + done, length: length) { bytes in
                    if length == Int(pieceLength) && isZero(bytes) { return }
                    try add(bytes, logical, count, isThere, to: &extents)
                }
            } else {
                try add(nil, logical, count, isThere, to: &extents)
            }
            done += Int64(length)
        }
        return extents
    }

    private func add(
        _ bytes: UnsafeRawBufferPointer?,
        _ logical: UInt32,
        _ count: Int,
        _ isThere: Bool,
        to extents: inout Ext4Extents
    ) throws {
        var place = logical
        for run in try system.reserve(count) {
            extents.append(logical: place, run)
            if let bytes, isThere {
                system.use(run)
                let start = Int(place - logical) * Ext4Format.blockSize
                let part = UnsafeRawBufferPointer(
                    rebasing: bytes[start..<min(bytes.count, start + run.count * Ext4Format.blockSize)]
                )
                try system.write(run) { blocks in
                    // They may be in their place already.
                    if part.baseAddress != UnsafeRawPointer(blocks.baseAddress) { blocks.copyMemory(from: part) }
                    // The rest of the last block.
                    UnsafeMutableRawBufferPointer(rebasing: blocks[part.count...]).initializeMemory(
                        as: UInt8.self,
                        repeating: 0
                    )
                }
            }
            place += UInt32(run.count)
        }
    }

    /// Says in an inode where its content lies; a tree of extents that it has no room for takes blocks of its own.
    func setContent(
        of inode: inout Ext4Inode,
        _ number: UInt32,
        size: Int64,
        _ extents: Ext4Extents,
        _ isThere: Bool = true
    ) throws {
        let root = try extents.root { block in
            let run = try system.reserve(1)[0]
            guard isThere else { return run.start }
            system.use(run)
            var block = block
            block.put(system.checksum(block[..<Ext4Extents.checksumPlace], of: number), at: Ext4Extents.checksumPlace)
            try system.write(block, at: run.start)
            return run.start
        }
        inode.setContent(size: size, root: root.bytes, blocks: extents.blockCount + root.blocks)
    }
}

private func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var sum: UInt64 = 0
    for place in stride(from: 0, to: bytes.count, by: 8) {
        sum |= bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        if sum != 0 { return false }
    }
    return true
}
