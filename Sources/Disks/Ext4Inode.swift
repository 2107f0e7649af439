import Layers

/// An inode as it lies on the disk: 256 bytes, all numbers little-endian.
///
/// Source: Linux kernel documentation, filesystems/ext4, "Index Nodes".
struct Ext4Inode {
    static let size = 256
    private static let usesExtents: UInt32 = 0x80000
    /// What the kernel takes at most; the count of a folder with more is 1.
    static let mostLinks = 65000

    private(set) var bytes = [UInt8](repeating: 0, count: size)

    /// The facts of an entry; its content is still to be said.
    init(_ entry: TarEntry, links: Int) {
        // Linux gives all symlinks this mode, whatever a tar says, and heeds none.
        let mode = entry.kind == .symlink ? 0o777 : entry.mode
        put16(UInt16(mode) | Self.type(of: entry.kind), at: 0)
        put16(UInt16(truncatingIfNeeded: entry.owner), at: 2)
        put16(UInt16(truncatingIfNeeded: entry.group), at: 24)
        put16(UInt16(truncatingIfNeeded: entry.owner >> 16), at: 120)
        put16(UInt16(truncatingIfNeeded: entry.group >> 16), at: 122)
        put16(UInt16(links > Self.mostLinks ? 1 : links), at: 26)
        // The bytes behind the old inode that are in use.
        put16(32, at: 128)
        for (low, high) in [(8, 140), (12, 132), (16, 136), (144, 148)] { putTime(of: entry, low, high) }
        if entry.kind == .characterDevice || entry.kind == .blockDevice {
            let (major, minor) = (entry.deviceMajor, entry.deviceMinor)
            if major < 256 && minor < 256 {
                put32(major << 8 | minor, at: 40)
            } else {
                put32((minor & 0xff) | major << 8 | (minor & ~0xff) << 12, at: 44)
            }
        }
    }

    /// A symlink of fewer than 60 bytes lies in the inode itself.
    static let longestInlineTarget = 59

    mutating func setTarget(_ target: [UInt8]) {
        bytes.replaceSubrange(40..<40 + target.count, with: target)
        setSize(Int64(target.count))
    }

    /// Says where the content lies: the root of its extents, and all blocks that it takes with them.
    mutating func setContent(size: Int64, root: [UInt8], blocks: Int) {
        bytes.replaceSubrange(40..<40 + root.count, with: root)
        setSize(size)
        put32(Self.usesExtents, at: 32)
        // In units of 512 bytes.
        let sectors = UInt64(blocks) * 8
        put32(UInt32(truncatingIfNeeded: sectors), at: 28)
        put16(UInt16(truncatingIfNeeded: sectors >> 32), at: 116)
    }

    private mutating func setSize(_ size: Int64) {
        put32(UInt32(truncatingIfNeeded: size), at: 4)
        put32(UInt32(truncatingIfNeeded: size >> 32), at: 108)
    }

    /// Seconds that do not fit into 34 bits become the nearest that do, which is a whole one then.
    private mutating func putTime(of entry: TarEntry, _ low: Int, _ high: Int) {
        let seconds = min(max(entry.modified, Int64(Int32.min)), Int64(Int32.min) + (1 << 34) - 1)
        let nanoseconds = seconds == entry.modified ? entry.nanoseconds : 0
        let short = Int32(truncatingIfNeeded: seconds)
        put32(UInt32(bitPattern: short), at: low)
        // Two bits that the seconds have too many, and the nanoseconds above them.
        put32(UInt32((seconds - Int64(short)) >> 32) | nanoseconds << 2, at: high)
    }

    private mutating func put16(_ value: UInt16, at place: Int) { bytes.put(value, at: place) }

    private mutating func put32(_ value: UInt32, at place: Int) { bytes.put(value, at: place) }

    /// The bits of the mode that tell what it is: `S_IFMT`.
    private static func type(of kind: EntryKind) -> UInt16 {
        switch kind {
        case .regular, .hardLink: 0o100000
        case .directory: 0o040000
        case .symlink: 0o120000
        case .characterDevice: 0o020000
        case .blockDevice: 0o060000
        case .fifo: 0o010000
        }
    }
}

extension [UInt8] {
    /// Writes a number, lowest byte first.
    mutating func put<Number: FixedWidthInteger>(_ value: Number, at place: Int) {
        withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: place, as: Number.self) }
    }
}
