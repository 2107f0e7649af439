import Glibc
import Synchronization
import SystemIO
import SystemPackage

/// Blocks of all snapshots, each content once, in a file that has no name.
final class BlockStore: Sendable {
    private struct Places {
        var known: [SystemIO.Digest: Int] = [:]
        var next = 0
    }

    private let file: Descriptor
    private let keepsContent: Bool
    private let places = Mutex(Places())

    init(keepsContent: Bool) throws {
        self.keepsContent = keepsContent
        let path = FilePath("/tmp/fake-aws-blocks.\(UInt64.random(in: 0...UInt64.max))")
        file = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        try Files.removeFile(path)
    }

    func store(_ block: [UInt8], _ digest: SystemIO.Digest) throws {
        guard keepsContent else { return }
        let place = places.withLock { places -> Int? in
            if places.known[digest] != nil { return nil }
            places.next += 1
            return places.next - 1
        }
        guard let place else { return }
        try block.withUnsafeBytes { try file.write($0, at: Int64(place * Snapshot.blockSize)) }
        places.withLock { places in
            if places.known[digest] == nil { places.known[digest] = place }
        }
    }

    func block(_ digest: SystemIO.Digest) throws -> [UInt8] {
        guard let place = places.withLock({ $0.known[digest] }) else {
            throw SystemError("find a block, whose content was not kept, in", file.path, .noSuchFileOrDirectory)
        }
        return try [UInt8](unsafeUninitializedCapacity: Snapshot.blockSize) { buffer, count in
            while count < Snapshot.blockSize {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                let read = try file.read(into: rest, at: Int64(place * Snapshot.blockSize + count))
                if read == 0 { throw SystemError("read", file.path, .ioError) }
                count += read
            }
        }
    }
}
