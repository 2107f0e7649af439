import Disks
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("The map of what is in use on a disk") struct BlockMapTests {
    private let making: DiskMaking
    private let block = Int64(BlockMap.blockSize)

    init() throws { making = try DiskMaking() }

    private func disk(_ name: String, size: Int64) throws -> Descriptor {
        let file = try Descriptor.open(making.folder.file(name), flags: O_RDWR | O_CREAT, mode: 0o644)
        try file.setLength(size)
        return file
    }

    @Test func `has each block that a range touches once, zeros too, with its digest`() throws {
        let file = try disk("disk", size: 10 * block + 7)
        try [UInt8](arrayLiteral: 1).withUnsafeBytes { try file.write($0, at: 10 * block + 6) }
        let used = [
            block - 1..<block + 1, 10 * block..<10 * block + 7, 0..<5, 4 * block..<4 * block, 3 * block..<4 * block,
        ]
        let map = try BlockMap(of: file, size: 10 * block + 7, used: used)
        #expect(map.blocks.map(\.index) == [0, 1, 3, 10])
        let zeros = [UInt8](repeating: 0, count: Int(block))
        #expect(map.blocks[2].digest == Digester.digest(of: zeros))
        var last = zeros
        last[6] = 1
        #expect(map.blocks[3].digest == Digester.digest(of: last))
        #expect(try BlockMap(of: file, size: 10 * block + 7, used: used, threads: 1) == map)
    }

    @Test func `differs in what is changed, added and removed`() throws {
        let file = try disk("disk", size: 8 * block)
        let old = try BlockMap(of: file, size: 8 * block, used: [0..<1, 2 * block..<5 * block])
        try [UInt8](arrayLiteral: 1).withUnsafeBytes { try file.write($0, at: 3 * block) }
        let new = try BlockMap(
            of: file,
            size: 8 * block,
            used: [0..<2 * block, 3 * block..<4 * block, 7 * block..<8 * block]
        )
        let difference = old.difference(to: new)
        #expect(difference.changed == [3] && difference.added == [1, 7] && difference.removed == [2, 4])
        #expect(difference.count == 5)
        #expect(new.difference(to: new).count == 0)
    }

    @Test func `has of ext4 what its tools say is in use`() async throws {
        var tar = RawTar()
        tar.add("file", content: String(repeating: "x", count: 3 << 20))
        tar.add("zeros", content: String(repeating: "\0", count: 1 << 20))
        let path = try await making.disk("disk", [tar])
        let used = try Ext4Usage.ranges(on: try Descriptor.openForReading(path), from: 0)
        let text = try await requireTool("dumpe2fs", [path.string])
        // Free blocks: a-b, c, d-e
        var free: Int64 = 0
        for line in text.split(separator: "\n") where line.contains("  Free blocks: ") {
            for range in line.split(separator: ":")[1].split(separator: ",") {
                let ends = range.split(whereSeparator: { "- ".contains($0) }).compactMap { Int64($0) }
                if let first = ends.first, let last = ends.last { free += last - first + 1 }
            }
        }
        #expect(free > 1000)
        #expect(used.reduce(0) { $0 + $1.upperBound - $1.lowerBound } == (64 << 20) - free * 4096)
        #expect(zip(used, used.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
    }

    @Test func `has of FAT its tables and the clusters of files`() async throws {
        let file = try disk("fat", size: 65 << 20)
        let offset: Int64 = 1 << 20
        let arguments = ["--offset", "2048", "-F", "32", "-s", "1", "--invariant", file.path.string, "65536"]
        try await requireTool("mkfs.vfat", arguments)
        let empty = try FATUsage.ranges(on: file, from: offset)
        // 32 reserved sectors, two tables, and one cluster for the root folder.
        #expect(empty.count == 1 && empty[0].lowerBound == offset)
        let content = try making.folder.write(String(repeating: "y", count: 1000), to: "content")
        try await requireTool(
            "mcopy",
            ["-i", "\(file.path)@@\(offset)", content.string, "::/FILE"],
            environment: ["MTOOLS_SKIP_CHECK": "1"]
        )
        let filled = try FATUsage.ranges(on: file, from: offset)
        #expect(filled.count == 1 && filled[0].upperBound - empty[0].upperBound == 1024)
    }

    @Test func `is refused of what is no file system`() throws {
        let file = try disk("empty", size: 1 << 20)
        #expect(throws: DiskError.library(action: "read the firmware's file system", answer: "it is not FAT32")) {
            try FATUsage.ranges(on: file, from: 0)
        }
        #expect {
            try Ext4Usage.ranges(on: file, from: 0)
        } throws: { error in
            guard case DiskError.library("open the file system", let answer) = error else { return false }
            return answer.contains("magic number")
        }
    }
}
