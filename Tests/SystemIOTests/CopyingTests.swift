import Glibc
import SystemIO
import SystemPackage
import Testing
import TestSupport

@Suite("Copying in the kernel")
struct CopyingTests {
    private let folder: TemporaryFolder
    private let source: SystemIO.Descriptor
    private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    init() throws {
        folder = try TemporaryFolder()
        let file = try SystemIO.Descriptor.open(folder.file("source"), flags: O_CREAT | O_RDWR, mode: 0o600)
        try file.write(content)
        source = file
    }

    private func target() throws -> SystemIO.Descriptor {
        try SystemIO.Descriptor.open(folder.file("target"), flags: O_CREAT | O_EXCL | O_RDWR, mode: 0o600)
    }

    @Test func `a part is what lies there`() throws {
        let target = try target()
        #expect(try target.copy(200_001, of: source, from: 512) == 200_001)
        #expect(try Files.read(folder.file("target")) == Array(content[512..<200_513]))
    }

    @Test func `a source that ends before is told by the count`() throws {
        let target = try target()
        #expect(try target.copy(20, of: source, from: 299_990) == 10)
        #expect(try Files.read(folder.file("target")) == Array(content[299_990...]))
    }

    /// The kernel refuses to copy from what is no file of a disk.
    @Test func `what the kernel refuses goes through a buffer`() throws {
        let target = try target()
        let process = try SystemIO.Descriptor.openForReading("/proc/self/stat")
        #expect(try target.copy(3, of: process, from: 0) == 3)
        #expect(try Files.read(folder.file("target")) == Array("\(getpid()) ".utf8.prefix(3)))
    }

    @Test func `a target that cannot be written is an error`() throws {
        _ = try target()
        let closed = try SystemIO.Descriptor.openForReading(folder.file("target"))
        let expected = SystemError("write", folder.file("target"), .badFileDescriptor)
        #expect(throws: expected) { try closed.copy(10, of: source, from: 0) }
    }
}
