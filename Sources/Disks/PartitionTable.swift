import CISAL
package import SystemIO

/// A GUID partition table, and the protective record before it.
///
/// Source: UEFI specification 2.10, chapter 5 "GUID Partition Table (GPT) Disk Layout".
package struct PartitionTable: Sendable {
    package struct Partition: Sendable, Hashable {
        /// What the partition is listed as, counted from 1; Linux names its device by it.
        package var number: Int
        package var type: GUID
        package var id: GUID
        /// Of ASCII characters, at most 36.
        package var name: String
        /// Its first sector and the first behind it.
        package var sectors: Range<Int64>

        package init(number: Int, type: GUID, id: GUID, name: String, sectors: Range<Int64>) {
            self.number = number
            self.type = type
            self.id = id
            self.name = name
            self.sectors = sectors
        }
    }

    /// Bytes of a sector.
    package static let sectorSize: Int64 = 512
    private static let entryCount = 128
    private static let entryLength = 128
    private static let entrySectors = Int64(entryCount * entryLength) / sectorSize

    private let id: GUID
    private let sectors: Int64
    private let partitions: [Partition]

    /// `size` is that of the disk in bytes, a multiple of the sector's.
    package init(id: GUID, size: Int64, partitions: [Partition]) {
        self.id = id
        sectors = size / Self.sectorSize
        self.partitions = partitions
    }

    /// Writes the table at the start of the disk, its copy at the end, and `bootCode` before all.
    ///
    /// The code has 440 bytes at most: behind it the first sector says that all of the disk is in use.
    package func write(to disk: Descriptor, bootCode: [UInt8] = []) throws(SystemError) {
        try put(protectiveRecord(bootCode), at: 0, disk)
        let entries = entries
        let copy = sectors - 1 - Self.entrySectors
        try put(header(at: 1, other: sectors - 1, entriesAt: 2, entries), at: 1, disk)
        try put(entries, at: 2, disk)
        try put(entries, at: copy, disk)
        try put(header(at: sectors - 1, other: 1, entriesAt: copy, entries), at: sectors - 1, disk)
    }

    /// The bytes of a disk that the table and its copy have.
    package static func ranges(size: Int64) -> [Range<Int64>] {
        let sectors = 1 + entrySectors
        return [0..<(1 + sectors) * sectorSize, size - sectors * sectorSize..<size]
    }

    private func put(_ bytes: [UInt8], at sector: Int64, _ disk: Descriptor) throws(SystemError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
            try disk.write(UnsafeRawBufferPointer(bytes), at: sector * Self.sectorSize)
        }
    }

    private func protectiveRecord(_ bootCode: [UInt8]) -> [UInt8] {
        precondition(bootCode.count <= 440, "the code has room before the disk's signature")
        var bytes = bootCode + [UInt8](repeating: 0, count: Int(Self.sectorSize) - bootCode.count)
        // One partition of the type EE over the whole disk, its places in cylinders out of range.
        bytes.put(UInt32(0x0002_0000), at: 446)
        bytes.put(UInt32(0xffff_ffee), at: 450)
        bytes.put(UInt32(1), at: 454)
        bytes.put(UInt32(clamping: sectors - 1), at: 458)
        bytes.put(UInt16(0xaa55), at: 510)
        return bytes
    }

    private var entries: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.entryCount * Self.entryLength)
        for partition in partitions {
            let place = (partition.number - 1) * Self.entryLength
            bytes.replaceSubrange(place..<place + 16, with: partition.type.bytes)
            bytes.replaceSubrange(place + 16..<place + 32, with: partition.id.bytes)
            bytes.put(partition.sectors.lowerBound, at: place + 32)
            bytes.put(partition.sectors.upperBound - 1, at: place + 40)
            for (index, unit) in partition.name.utf16.prefix(36).enumerated() {
                bytes.put(unit, at: place + 56 + 2 * index)
            }
        }
        return bytes
    }

    private func header(at sector: Int64, other: Int64, entriesAt: Int64, _ entries: [UInt8]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(Self.sectorSize))
        let length = 92
        bytes.replaceSubrange(0..<8, with: "EFI PART".utf8)
        bytes.put(UInt32(0x0001_0000), at: 8)
        bytes.put(UInt32(length), at: 12)
        bytes.put(sector, at: 24)
        bytes.put(other, at: 32)
        bytes.put(2 + Self.entrySectors, at: 40)
        bytes.put(sectors - 2 - Self.entrySectors, at: 48)
        bytes.replaceSubrange(56..<72, with: id.bytes)
        bytes.put(entriesAt, at: 72)
        bytes.put(UInt32(Self.entryCount), at: 80)
        bytes.put(UInt32(Self.entryLength), at: 84)
        bytes.put(Self.checksum(entries[...]), at: 88)
        bytes.put(Self.checksum(bytes[..<length]), at: 16)
        return bytes
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBufferPointer { crc32_gzip_refl(0, $0.baseAddress, UInt64($0.count)) }
    }
}

/// A GUID, which is written with its first three parts in the order of the machine and so lies on the disk.
package struct GUID: Sendable, Hashable, CustomStringConvertible {
    /// In the order of the text.
    package let ordered: [UInt8]

    package init(_ ordered: [UInt8]) {
        precondition(ordered.count == 16, "a GUID has 16 bytes")
        self.ordered = ordered
    }

    /// As it lies on a disk.
    var bytes: [UInt8] {
        ordered[0..<4].reversed() + ordered[4..<6].reversed() + ordered[6..<8].reversed() + ordered[8...]
    }

    /// In lower case, as `/dev/disk/by-partuuid` has it.
    package var description: String {
        var text = hexadecimal(ordered)
        for place in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: place)) }
        return text
    }
}
