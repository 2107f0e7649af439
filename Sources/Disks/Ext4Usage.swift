import CExt2FS
package import SystemIO

/// What an ext4 file system has in use, for whoever copies it.
package enum Ext4Usage {
    /// The bytes of the disk that the file system at `offset` says are in use, its own tables among them; in order.
    ///
    /// Throws `DiskError.library` where there is no such file system.
    package static func ranges(on disk: Descriptor, from offset: Int64) throws -> [Range<Int64>] {
        var opened: ext2_filsys?
        let code = ob_ext2_open("/proc/self/fd/\(disk.raw)", "offset=\(offset)", &opened)
        guard code == 0, let system = opened else {
            if let opened { ob_ext2_free(opened) }
            throw DiskError.library(action: "open the file system", answer: String(cString: ob_ext2_words(code)))
        }
        defer { ob_ext2_free(system) }
        let count = ob_ext2_block_count(system)
        let size = Int64(system.pointee.blocksize)
        var ranges: [Range<Int64>] = []
        var end: UInt64 = 0
        while true {
            let start = ob_ext2_find_block(system, end, count, 1)
            if start >= count { return ranges }
            end = ob_ext2_find_block(system, start, count, 0)
            ranges.append(offset + Int64(start) * size..<offset + Int64(end) * size)
        }
    }
}
