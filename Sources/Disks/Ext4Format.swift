/// How an ext4 file system is made, apart from what lies in it.
package struct Ext4Format: Sendable, Hashable {
    /// Bytes of a block; that of the page on all machines that matter, and the largest that all kernels read.
    package static let blockSize = 4096

    package var uuid: [UInt8]
    package var hashSeed: [UInt8]
    /// At most 16 bytes.
    package var label: String
    /// Of the file system itself, seconds since 1970; files have the times that their layers say.
    package var time: Int64

    package init(uuid: [UInt8], hashSeed: [UInt8], label: String, time: Int64) {
        precondition(uuid.count == 16 && hashSeed.count == 16, "a UUID has 16 bytes")
        self.uuid = uuid
        self.hashSeed = hashSeed
        self.label = label
        // The library takes 0 for 'now'.
        self.time = max(1, time)
    }

    /// Blocks of the journal in a file system of so many: what mke2fs takes for a small one, and then no more, since all of it
    /// is uploaded with the disk.
    static func journalBlocks(_ blocks: Int64) -> UInt32 { blocks < 1 << 18 ? 1024 : 8192 }

    /// Inodes of a file system of so many blocks that holds `needed` ones from the start.
    ///
    /// One for 16 KiB, as mke2fs has it, and twice as many as long as too few are left for the machine. A function of the size
    /// as far as possible: the tables come before all else, so that more inodes move everything.
    static func inodes(_ blocks: Int64, needed: Int64) -> Int64 {
        var count = max(blocks / 4, 256)
        while count < needed + needed / 4 && count < blocks { count *= 2 }
        // Numbers of inodes have 32 bits.
        return min(count, blocks, 1 << 31)
    }
}
