import CExt2FS
import Glibc
import Layers
import SystemIO
import SystemPackage

/// An ext4 file system in a part of a disk.
///
/// Bitmaps, inodes, checksums, journal and the room to grow are libext2fs's; blocks of content and folders go straight to the
/// file, in order, since the library would write them one by one.
final class Ext4FileSystem {
    private let handle: ext2_filsys
    private let disk: Descriptor
    /// The same past the kernel's cache, if that is wanted and the disk's own file system can do it.
    private var directDisk: Descriptor?
    /// Where it begins on the disk, and its length, in bytes.
    private let offset: Int64
    private let size: Int64
    let inodeCount: UInt32
    private let checksumSeed: UInt32
    private let blockCount: UInt64

    /// Blocks from here on are not given away yet.
    private var next: UInt64 = 0
    /// Where the free blocks from `next` on end.
    private var freeEnd: UInt64 = 0
    /// Blocks in use that the library has not been told of.
    private var unmarked = BlockRun(start: 0, count: 0)
    private var isClosed = false

    /// What is on its way to the disk: whole blocks that follow each other.
    private let buffer: UnsafeMutableRawBufferPointer
    private var buffered = BlockRun(start: 0, count: 0)
    /// As many bytes as stay in the cache of a processor; past the kernel's cache each write waits for the disk, so that more
    /// are better, and a disk takes few large pages sooner than many small ones.
    private static let (bufferLength, directLength, largePage) = (512 << 10, 4 << 20, 2 << 20)

    /// Makes a file system in a part of a disk that is all zeros.
    ///
    /// Where `isDirect` is set, what there is much of goes past the kernel's cache: for a file that is synced soon and not read
    /// soon, the copy through the cache is for nothing.
    init(
        _ format: Ext4Format,
        on disk: Descriptor,
        from offset: Int64,
        size: Int64,
        inodes: Int64,
        isDirect: Bool
    ) throws {
        self.disk = disk
        if isDirect { directDisk = disk.openedDirect() }
        if directDisk == nil {
            buffer = .allocate(byteCount: Self.bufferLength, alignment: Ext4Format.blockSize)
        } else {
            buffer = .allocate(byteCount: Self.directLength, alignment: Self.largePage)
            // Where it is refused, it is slower. Source: madvise(2).
            madvise(buffer.baseAddress, buffer.count, MADV_HUGEPAGE)
        }
        self.offset = offset
        self.size = size
        var request = ob_ext2_format()
        request.block_count = UInt64(size / Int64(Ext4Format.blockSize))
        request.inode_count = UInt32(inodes)
        request.journal_blocks = Ext4Format.journalBlocks(size / Int64(Ext4Format.blockSize))
        request.time = format.time
        withUnsafeMutableBytes(of: &request.uuid) { $0.copyBytes(from: format.uuid) }
        withUnsafeMutableBytes(of: &request.hash_seed) { $0.copyBytes(from: format.hashSeed) }
        withUnsafeMutableBytes(of: &request.label) { $0.copyBytes(from: Array(format.label.utf8).prefix(16)) }
        var made: ext2_filsys?
        let code = ob_ext2_create("/proc/self/fd/\(disk.raw)", "offset=\(offset)", &request, &made)
        guard code == 0, let made else {
            if let made { ob_ext2_free(made) }
            buffer.deallocate()
            throw Self.failure("make the file system", code, size)
        }
        handle = made
        inodeCount = made.pointee.super.pointee.s_inodes_count
        checksumSeed = ob_ext2_checksum_seed(made)
        blockCount = ob_ext2_block_count(made)
    }

    deinit {
        if !isClosed { ob_ext2_free(handle) }
        buffer.deallocate()
    }

    /// Takes blocks behind all that were taken before, so that nothing depends on what comes later; they may be in parts.
    ///
    /// They count as free until `use` says otherwise.
    func reserve(_ count: Int) throws -> [BlockRun] {
        var runs: [BlockRun] = []
        var rest = count
        while rest > 0 {
            if next >= freeEnd {
                next = ob_ext2_find_block(handle, next, blockCount, 0)
                freeEnd = ob_ext2_find_block(handle, next, blockCount, 1)
                guard next < blockCount else { throw DiskError.tooSmall(size: size, needed: nil) }
            }
            let part = min(rest, Int(freeEnd - next))
            runs.append(BlockRun(start: next, count: part))
            next += UInt64(part)
            rest -= part
        }
        return runs
    }

    /// One block, which is used or only kept free.
    func block(_ isUsed: Bool = true) throws -> UInt64 {
        let run = try reserve(1)[0]
        if isUsed { use(run) }
        return run.start
    }

    /// Says that blocks that were reserved hold something.
    func use(_ run: BlockRun) {
        if unmarked.start + UInt64(unmarked.count) != run.start {
            mark()
            unmarked = run
        } else {
            unmarked.count += run.count
        }
    }

    private func mark() {
        guard unmarked.count > 0 else { return }
        ext2fs_block_alloc_stats_range(handle, unmarked.start, blk_t(unmarked.count), 1)
        // The search for free blocks begins behind all that were given away, so the bitmap has no news for it.
        unmarked.count = 0
    }

    /// Where so many bytes end up without being copied, if the next blocks that are written are theirs and follow those that
    /// were written last; valid until then.
    func room(_ length: Int) throws -> UnsafeMutableRawBufferPointer {
        precondition(length <= buffer.count, "a piece is no longer than the buffer")
        if buffered.count * Ext4Format.blockSize + length > buffer.count { try flush() }
        let start = buffered.count * Ext4Format.blockSize
        return UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + length])
    }

    /// Writes blocks that follow each other; `fill` gets room for all of them, which holds anything.
    func write(_ run: BlockRun, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        let length = run.count * Ext4Format.blockSize
        let isNext = buffered.start + UInt64(buffered.count) == run.start
        if !isNext || buffered.count * Ext4Format.blockSize + length > buffer.count {
            try flush()
            buffered.start = run.start
        }
        precondition(length <= buffer.count, "a piece is no longer than the buffer")
        let start = buffered.count * Ext4Format.blockSize
        try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + length]))
        buffered.count += run.count
    }

    func write(_ bytes: [UInt8], at block: UInt64) throws {
        try write(BlockRun(start: block, count: 1)) { $0.copyBytes(from: bytes) }
    }

    private func flush() throws {
        guard buffered.count > 0 else { return }
        defer { buffered = BlockRun(start: buffered.start + UInt64(buffered.count), count: 0) }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<(buffered.count * Ext4Format.blockSize)])
        try put(bytes, at: offset + Int64(buffered.start) * Int64(Ext4Format.blockSize))
    }

    private func put(_ bytes: UnsafeRawBufferPointer, at place: Int64) throws {
        // To wait for the disk for a few blocks is not worth it.
        if let directDisk, bytes.count >= Self.bufferLength {
            do { return try directDisk.write(bytes, at: place) } catch  where error.code == .invalidArgument {
                // That is how a file system says that it wants other places or lengths.
                self.directDisk = nil
            }
        }
        try disk.write(bytes, at: place)
    }

    /// Writes an inode that is in use.
    func write(_ inode: Ext4Inode, _ number: UInt32, isFolder: Bool = false) throws {
        guard number <= inodeCount else { throw DiskError.tooSmall(size: size, needed: nil) }
        // The root folder and the one for what was lost are counted since the file system was made.
        if number >= Self.firstInode {
            ext2fs_inode_alloc_stats2(handle, number, 1, isFolder ? 1 : 0)
        }
        var bytes = inode.bytes
        let code = bytes.withUnsafeMutableBytes {
            ext2fs_write_inode_full(
                handle,
                number,
                $0.baseAddress?.assumingMemoryBound(to: ext2_inode.self),
                Int32(Ext4Inode.size)
            )
        }
        try check(code, "write an inode")
    }

    /// Gives an inode that is written extended attributes.
    func setAttributes(of entry: TarEntry, _ number: UInt32) throws {
        mark()
        var list: OpaquePointer?
        try check(ext2fs_xattrs_open(handle, number, &list), "read extended attributes")
        defer { ext2fs_xattrs_close(&list) }
        for attribute in entry.xattrs {
            let code = attribute.value.withUnsafeBytes {
                ext2fs_xattr_set(list, attribute.name, $0.baseAddress, $0.count)
            }
            if code == EXT2_ET_EA_NO_SPACE {
                let reason =
                    "there is no room for its extended attribute '\(attribute.name)' of \(attribute.value.count) bytes"
                throw DiskError.unsupported(entry: "/\(entry.path)", reason: reason)
            }
            try check(code, "set the extended attribute '\(attribute.name)' of '/\(entry.path)'")
        }
    }

    /// The checksum of what belongs to an inode.
    func checksum(_ bytes: some Collection<UInt8>, of inode: UInt32) -> UInt32 {
        var sum = checksumSeed
        // The generation is 0 for all.
        for word in [inode.littleEndian, 0] {
            sum = withUnsafeBytes(of: word) {
                ext2fs_crc32c_le(sum, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
            }
        }
        return Array(bytes).withUnsafeBufferPointer { ext2fs_crc32c_le(sum, $0.baseAddress, $0.count) }
    }

    /// Writes all that is not on the disk yet.
    func close() throws {
        mark()
        try flush()
        isClosed = true
        try check(ext2fs_close2(handle, EXT2_FLAG_FLUSH_NO_SYNC), "write the file system")
    }

    static let rootInode: UInt32 = 2
    /// The first that is for files; that of `lost+found`.
    static let firstInode: UInt32 = 11

    private func check(_ code: errcode_t, _ action: String) throws {
        if code != 0 { throw Self.failure(action, code, size) }
    }

    private static func failure(_ action: String, _ code: errcode_t, _ size: Int64) -> DiskError {
        if code == EXT2_ET_BLOCK_ALLOC_FAIL || code == EXT2_ET_TOOSMALL || code == EXT2_ET_INODE_ALLOC_FAIL {
            return .tooSmall(size: size, needed: nil)
        }
        return .library(action: action, answer: String(cString: ob_ext2_words(code)))
    }
}
