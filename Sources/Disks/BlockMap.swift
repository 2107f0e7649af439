package import SystemIO

/// Which blocks of a disk hold anything that its partition table or a file system says is in use, and what is in each.
///
/// A block of zeros that is in use is in the map: a copy onto a volume whose empty blocks are not zeros, such as an encrypted
/// one, needs it.
package struct BlockMap: Sendable, Hashable {
    package struct Block: Sendable, Hashable {
        /// Its place on the disk, counted in blocks from 0.
        package var index: Int
        /// Of its content; what a last block lacks counts as zeros.
        package var digest: Digest

        package init(index: Int, digest: Digest) {
            self.index = index
            self.digest = digest
        }
    }

    /// Bytes of a block: what EBS direct APIs write at a time.
    ///
    /// Source: Amazon EBS direct APIs, "StartSnapshot", `BlockSize`.
    package static let blockSize = 512 << 10

    /// Bytes of the disk.
    package let size: Int64
    /// In order.
    package let blocks: [Block]

    /// `blocks` are in order, each once, and lie on the disk.
    package init(size: Int64, blocks: [Block]) {
        self.size = size
        self.blocks = blocks
    }

    /// Reads the blocks that ranges of bytes lie in; `threads` of them at a time.
    package init(
        of disk: Descriptor,
        size: Int64,
        used: [Range<Int64>],
        threads: Int = WorkerThread.processorCount,
        check: @Sendable () throws -> Void = {}
    ) throws {
        let length = Int64(Self.blockSize)
        var indexes: [Int] = []
        for range in used.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            let first = max(Int(range.lowerBound / length), indexes.last.map { $0 + 1 } ?? 0)
            let last = Int((range.upperBound - 1) / length)
            if first <= last { indexes += first...last }
        }
        self.size = size
        let wanted = indexes
        blocks = try inParallel(wanted.count, threads: threads) { place in
            try check()
            return Block(index: wanted[place], digest: try Self.digest(of: wanted[place], disk))
        }
    }

    private static func digest(of block: Int, _ disk: Descriptor) throws -> Digest {
        try withUnsafeTemporaryAllocation(byteCount: blockSize, alignment: 4096) { buffer in
            let count = try disk.read(into: buffer, at: Int64(block) * Int64(blockSize))
            UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).initializeMemory(as: UInt8.self, repeating: 0)
            var digester = Digester()
            digester.update(UnsafeRawBufferPointer(buffer))
            return digester.finish()
        }
    }
}

extension BlockMap {
    /// What a copy of one disk lacks to be the other.
    package struct Difference: Sendable, Hashable {
        /// In both, with other content.
        package var changed: [Int] = []
        /// In the new one only.
        package var added: [Int] = []
        /// In the old one only; they are zeros in the new one.
        package var removed: [Int] = []

        package var count: Int { changed.count + added.count + removed.count }
    }

    package func difference(to new: BlockMap) -> Difference {
        var difference = Difference()
        var rest = new.blocks[...]
        for block in blocks {
            while let first = rest.first, first.index < block.index {
                difference.added.append(first.index)
                rest.removeFirst()
            }
            if let first = rest.first, first.index == block.index {
                if first.digest != block.digest { difference.changed.append(block.index) }
                rest.removeFirst()
            } else {
                difference.removed.append(block.index)
            }
        }
        difference.added += rest.map(\.index)
        return difference
    }
}
