/// Where the content of a file lies, block by block, and the tree that says so on the disk.
///
/// Source: Linux kernel documentation, filesystems/ext4, "Extent Tree".
struct Ext4Extents {
    struct Extent: Hashable {
        /// The number of its first block in the file.
        var logical: UInt32
        /// On the disk.
        var physical: UInt64
        var count: Int
    }

    /// The kernel takes a longer one for one that is not written yet.
    private static let longest = 1 << 15
    private static let magic: UInt16 = 0xf30a
    private static let headerLength = 12
    private static let entryLength = 12
    /// In the inode.
    private static let mostInRoot = 4
    /// In a block, which ends with a checksum.
    private static let mostInBlock = (Ext4Format.blockSize - headerLength) / entryLength

    private(set) var extents: [Extent] = []
    /// Blocks of content.
    private(set) var blockCount = 0

    /// Adds blocks that follow in the file.
    mutating func append(logical: UInt32, _ run: BlockRun) {
        var (logical, physical, rest) = (logical, run.start, run.count)
        blockCount += rest
        if let last = extents.last, last.physical + UInt64(last.count) == physical,
            last.logical + UInt32(last.count) == logical
        {
            let more = min(rest, Self.longest - last.count)
            extents[extents.count - 1].count += more
            (logical, physical, rest) = (logical + UInt32(more), physical + UInt64(more), rest - more)
        }
        while rest > 0 {
            let count = min(rest, Self.longest)
            extents.append(Extent(logical: logical, physical: physical, count: count))
            (logical, physical, rest) = (logical + UInt32(count), physical + UInt64(count), rest - count)
        }
    }

    /// The 60 bytes in the inode, after the blocks of the tree have been written, if there are any.
    ///
    /// `write` takes the bytes of a block and its checksum's seed into account, and answers where it put it.
    func root(_ write: ([UInt8]) throws -> UInt64) rethrows -> (bytes: [UInt8], blocks: Int) {
        if extents.count <= Self.mostInRoot { return (Self.leaves(extents[...], most: Self.mostInRoot, length: 60), 0) }
        var blocks = 0
        var nodes: [(logical: UInt32, place: UInt64)] = []
        for start in stride(from: 0, to: extents.count, by: Self.mostInBlock) {
            let some = extents[start..<min(extents.count, start + Self.mostInBlock)]
            let place = try write(Self.leaves(some, most: Self.mostInBlock, length: Ext4Format.blockSize))
            nodes.append((some[start].logical, place))
        }
        blocks += nodes.count
        var depth: UInt16 = 1
        while nodes.count > Self.mostInRoot {
            var upper: [(logical: UInt32, place: UInt64)] = []
            for start in stride(from: 0, to: nodes.count, by: Self.mostInBlock) {
                let some = nodes[start..<min(nodes.count, start + Self.mostInBlock)]
                let bytes = Self.indexes(some, most: Self.mostInBlock, depth, length: Ext4Format.blockSize)
                upper.append((some[start].logical, try write(bytes)))
            }
            nodes = upper
            blocks += nodes.count
            depth += 1
        }
        return (Self.indexes(nodes[...], most: Self.mostInRoot, depth, length: 60), blocks)
    }

    private static func leaves(_ extents: ArraySlice<Extent>, most: Int, length: Int) -> [UInt8] {
        var bytes = node(extents.count, most: most, 0, length: length)
        for (number, extent) in extents.enumerated() {
            let place = headerLength + number * entryLength
            bytes.put(extent.logical, at: place)
            bytes.put(UInt16(extent.count), at: place + 4)
            bytes.put(UInt16(truncatingIfNeeded: extent.physical >> 32), at: place + 6)
            bytes.put(UInt32(truncatingIfNeeded: extent.physical), at: place + 8)
        }
        return bytes
    }

    private static func indexes(
        _ nodes: ArraySlice<(logical: UInt32, place: UInt64)>,
        most: Int,
        _ depth: UInt16,
        length: Int
    ) -> [UInt8] {
        var bytes = node(nodes.count, most: most, depth, length: length)
        for (number, node) in nodes.enumerated() {
            let place = headerLength + number * entryLength
            bytes.put(node.logical, at: place)
            bytes.put(UInt32(truncatingIfNeeded: node.place), at: place + 4)
            bytes.put(UInt16(truncatingIfNeeded: node.place >> 32), at: place + 8)
        }
        return bytes
    }

    /// A node of the tree that says how many entries it has.
    private static func node(_ count: Int, most: Int, _ depth: UInt16, length: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        bytes.put(magic, at: 0)
        bytes.put(UInt16(count), at: 2)
        bytes.put(UInt16(most), at: 4)
        bytes.put(depth, at: 6)
        return bytes
    }

    /// Where the checksum of a block of the tree lies: right behind the room for entries.
    static let checksumPlace = headerLength + mostInBlock * entryLength
}

/// Blocks of the disk that follow each other.
struct BlockRun: Hashable {
    var start: UInt64
    var count: Int
}
