/// The names in a folder, in the order in which layers brought them, so that a later layer moves none of an earlier one.
///
/// Source: Linux kernel documentation, filesystems/ext4, "Directory Entries".
struct Ext4Folder {
    /// A name's place, which stays where its file goes.
    enum Slot: Hashable {
        /// An entry of the tree, by its position.
        case live(Int)
        /// What a later layer has removed, of so many bytes.
        case gone(length: Int)
    }

    /// Its position in the tree; nil where a later layer has removed it, so that only its room is kept.
    let position: Int?
    /// Its inode; 0 as long as no layer has brought the folder itself.
    var inode: UInt32
    private(set) var slots: [Slot] = []
    /// Where its blocks lie on the disk, in order.
    private(set) var blocks: [UInt64]
    /// Bytes in use of the last block.
    private var used: Int

    /// The end of a block, which holds its checksum and looks like an entry without a name.
    private static let tailLength = 12
    private static let room = Ext4Format.blockSize - tailLength

    init(position: Int?, inode: UInt32, firstBlock: UInt64) {
        self.position = position
        self.inode = inode
        blocks = [firstBlock]
        // '.' and '..'
        used = 2 * Self.length(of: 1)
    }

    /// Bytes of an entry with a name of so many.
    private static func length(of name: Int) -> Int { (8 + name + 3) & ~3 }

    /// Gives a name a place, in a new block of the disk where there is no room in the last one.
    mutating func append(_ slot: Slot, nameLength: Int, newBlock: () throws -> UInt64) rethrows {
        let length = Self.length(of: nameLength)
        if used + length > Self.room {
            blocks.append(try newBlock())
            used = 0
        }
        used += length
        slots.append(slot)
    }

    /// An entry of a block.
    struct Name {
        let inode: UInt32
        /// What it is, as `d_type` and its kin have it; 0 for what is gone.
        let type: UInt8
        let bytes: [UInt8]
        /// What is gone keeps as many bytes.
        var length: Int
    }

    /// The blocks with all names; `entry` says what is at a place.
    func contents(parent: UInt32, _ entry: (Slot) -> Name) -> [[UInt8]] {
        let dots = [
            Name(inode: inode, type: Self.folderType, bytes: [0x2e], length: 1),
            Name(inode: parent, type: Self.folderType, bytes: [0x2e, 0x2e], length: 2),
        ]
        var result: [[UInt8]] = []
        var names = dots
        var used = names.reduce(0) { $0 + Self.length(of: $1.length) }
        for slot in slots {
            let name = entry(slot)
            let length = Self.length(of: name.length)
            if used + length > Self.room {
                result.append(Self.block(names))
                names = []
                used = 0
            }
            names.append(name)
            used += length
        }
        result.append(Self.block(names))
        return result
    }

    static let folderType: UInt8 = 2

    /// A name that is gone becomes a part of the one before it.
    private static func block(_ names: [Name]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Ext4Format.blockSize)
        var last = 0
        var end = 0
        for name in names {
            if name.inode != 0 || end == 0 {
                last = end
                bytes.put(name.inode, at: last)
                bytes[last + 6] = UInt8(name.bytes.count)
                bytes[last + 7] = name.type
                bytes.replaceSubrange(last + 8..<last + 8 + name.bytes.count, with: name.bytes)
            }
            end += length(of: name.length)
            bytes.put(UInt16(end - last), at: last + 4)
        }
        bytes.put(UInt16(room - last), at: last + 4)
        // The tail looks like an entry that is not in use.
        bytes.put(UInt16(tailLength), at: room + 4)
        bytes[room + 7] = 0xde
        return bytes
    }

    /// Where the checksum of a block lies, and how many bytes it is of.
    static let checksumPlace = Ext4Format.blockSize - 4
    static let checksummed = room
}
