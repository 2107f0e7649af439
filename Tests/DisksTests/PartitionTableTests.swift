import Disks
import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("A partition table") struct PartitionTableTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `is what other programs read, with its copy at the end`() async throws {
        let path = folder.file("disk")
        let disk = try Descriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
        try disk.setLength(16 << 20)
        let type = GUID([
            0x4f, 0x68, 0xbc, 0xe3, 0xe8, 0xcd, 0x4d, 0xb1, 0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84, 0xb7, 0x09,
        ])
        let table = PartitionTable(
            id: GUID(Array(1...16)),
            size: 16 << 20,
            partitions: [
                .init(number: 1, type: type, id: GUID(Array(17...32)), name: "root", sectors: 4096..<30720),
                .init(number: 14, type: type, id: GUID(Array(33...48)), name: "first", sectors: 2048..<4096),
            ]
        )
        try table.write(to: disk, bootCode: [UInt8](repeating: 0x90, count: 440))
        let verdict = try await requireTool("sgdisk", ["--verify", path.string])
        #expect(verdict.contains("No problems found"))
        let root = try await requireTool("sgdisk", ["--info", "1", path.string])
        #expect(root.contains("Partition GUID code: 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 (Linux x86-64 root (/))"))
        #expect(root.contains("Partition unique GUID: 11121314-1516-1718-191A-1B1C1D1E1F20"))
        #expect(root.contains("First sector: 4096 ") && root.contains("Last sector: 30719 "))
        #expect(root.contains("Partition name: 'root'"))
        let all = try await requireTool("sgdisk", ["--print", path.string])
        #expect(all.contains("Disk identifier (GUID): 01020304-0506-0708-090A-0B0C0D0E0F10"))
        // Without the table at the start, the copy tells the same.
        try [UInt8](repeating: 0, count: 512).withUnsafeBytes { try disk.write($0, at: 512) }
        let copy = try await runTool("sgdisk", ["--info", "14", path.string])
        #expect(copy.text.contains("Partition unique GUID: 21222324-2526-2728-292A-2B2C2D2E2F30"))
    }

    @Test func `a GUID is written as Linux names partitions`() {
        #expect("\(GUID(Array(0xf0...0xff)))" == "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff")
    }
}
