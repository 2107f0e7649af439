import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SystemIO

@Suite("Writing past the cache") struct DirectWritingTests {
    /// Two blocks that the kernel keeps beside one that it does not.
    @Test func `is seen by who reads through the cache`() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let file = try Descriptor.open(folder.file("disk"), flags: O_RDWR | O_CREAT, mode: 0o600)
        try file.setLength(3 * 4096)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)
        defer { buffer.deallocate() }
        guard let direct = file.openedDirect() else { return }
        for (place, byte) in [(0, 1), (1, 2), (2, 3)] as [(Int64, UInt8)] {
            buffer.initializeMemory(as: UInt8.self, repeating: byte)
            try (place == 1 ? direct : file).write(UnsafeRawBufferPointer(buffer), at: place * 4096)
        }
        #expect(try Files.read(file.path) == [1, 2, 3].flatMap { [UInt8](repeating: $0, count: 4096) })
    }

    @Test func `is nothing for what can only be read`() throws {
        #expect(try Descriptor.openForReading("/proc/self/status").openedDirect() == nil)
    }
}
