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
        var entries = extents.map { Self.leaf($0) }
        var depth: UInt16 = 0
        var blocks = 0
        while entries.count > Self.mostInRoot {
            var upper: [(logical: UInt32, bytes: [UInt8])] = []
            for start in stride(from: 0, to: entries.count, by: Self.mostInBlock) {
                let some = entries[start..<min(entries.count, start + Self.mostInBlock)]
                let place = try write(Self.node(some, most: Self.mostInBlock, depth, length: Ext4Format.blockSize))
                blocks += 1
                upper.append(Self.index(some[start].logical, place))
            }
            entries = upper
            depth += 1
        }
        return (Self.node(entries[...], most: Self.mostInRoot, depth, length: 60), blocks)
    }

    private static func leaf(_ extent: Extent) -> (logical: UInt32, bytes: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: entryLength)
        bytes.put(extent.logical, at: 0)
        bytes.put(UInt16(extent.count), at: 4)
        bytes.put(UInt16(truncatingIfNeeded: extent.physical >> 32), at: 6)
        bytes.put(UInt32(truncatingIfNeeded: extent.physical), at: 8)
        return (extent.logical, bytes)
    }

    private static func index(_ logical: UInt32, _ place: UInt64) -> (logical: UInt32, bytes: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: entryLength)
        bytes.put(logical, at: 0)
        bytes.put(UInt32(truncatingIfNeeded: place), at: 4)
        bytes.put(UInt16(truncatingIfNeeded: place >> 32), at: 8)
        return (logical, bytes)
    }

    private static func node(
        _ entries: ArraySlice<(logical: UInt32, bytes: [UInt8])>,
        most: Int,
        _ depth: UInt16,
        length: Int
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        bytes.put(magic, at: 0)
        bytes.put(UInt16(entries.count), at: 2)
        bytes.put(UInt16(most), at: 4)
        bytes.put(depth, at: 6)
        for (number, entry) in entries.enumerated() {
            let place = headerLength + number * entryLength
            bytes.replaceSubrange(place..<place + entryLength, with: entry.bytes)
        }
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
