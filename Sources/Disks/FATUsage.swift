package import SystemIO
import SystemPackage

/// What a FAT32 file system has in use, for whoever copies it.
///
/// Source: Microsoft FAT specification, 2005, sections 3 "Boot Sector and BPB" and 4 "FAT".
package enum FATUsage {
    /// The bytes of the disk that the file system at `offset` says are in use, its own tables among them; in order.
    ///
    /// Throws `DiskError.library` where there is no such file system.
    package static func ranges(on disk: Descriptor, from offset: Int64) throws -> [Range<Int64>] {
        let header = try read(512, at: offset, disk)
        let sector = Int64(header.number(at: 11, as: UInt16.self))
        let cluster = sector * Int64(header[13])
        let tables = Int64(header[16])
        let tableLength = sector * Int64(header.number(at: 36, as: UInt32.self))
        let size = sector * Int64(header.number(at: 32, as: UInt32.self))
        // The older kinds have the length of their table, and the size of a root folder, in other fields.
        guard header.number(at: 510, as: UInt16.self) == 0xaa55, cluster > 0, tables > 0,
            header.number(at: 17, as: UInt16.self) == 0, header.number(at: 22, as: UInt16.self) == 0,
            tableLength > 0, tableLength <= min(size, Self.longestTable)
        else { throw DiskError.library(action: "read the firmware's file system", answer: "it is not FAT32") }
        let firstTable = offset + sector * Int64(header.number(at: 14, as: UInt16.self))
        let content = firstTable + tables * tableLength
        let table = try read(Int(tableLength), at: firstTable, disk)
        var ranges = [offset..<content]
        // The first two entries stand for no cluster, and the last ones for none that is there.
        for number in 2..<max(2, min(table.count / 4, Int((offset + size - content) / cluster) + 2)) {
            if table.number(at: 4 * number, as: UInt32.self) & 0x0fff_ffff == 0 { continue }
            let start = content + Int64(number - 2) * cluster
            if let last = ranges.last, last.upperBound == start {
                ranges[ranges.count - 1] = last.lowerBound..<start + cluster
            } else {
                ranges.append(start..<start + cluster)
            }
        }
        return ranges
    }

    /// Of a file system with as many clusters as there can be.
    private static let longestTable: Int64 = 4 << 28

    private static func read(_ count: Int, at offset: Int64, _ disk: Descriptor) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = try disk.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            guard initialized == count else { throw SystemError("read", disk.path, .ioError) }
        }
    }
}

extension [UInt8] {
    fileprivate func number<Number: FixedWidthInteger>(at place: Int, as: Number.Type) -> Number {
        withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Number.self)) }
    }
}
