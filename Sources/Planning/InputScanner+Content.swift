import Glibc
import SystemIO
import SystemPackage

extension InputScanner {
    /// What reading a file gave.
    struct Reading: Sendable {
        /// The digest with the status that belongs to it.
        let known: Known
        /// Whether a later change of the file is sure to show in its status.
        let isSettled: Bool
    }

    /// Reads a file below a source, or the source itself where the path is empty.
    static func read(_ path: [UInt8], below source: SystemIO.Descriptor) throws -> Reading {
        let file: SystemIO.Descriptor =
            path.isEmpty
            ? try .open(source.path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            : try source.openBelow(path, flags: O_RDONLY | O_NONBLOCK)
        return try read(file)
    }

    private static func read(_ file: SystemIO.Descriptor) throws -> Reading {
        let start = SystemClock.wall
        let status = try file.status()
        var digester = Digester()
        // With a byte more than the size, so that a small file is seen to end by the first call.
        let size = Int(min(max(status.size, 0), 256 << 10)) + 1
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try file.read(into: buffer)
            digester.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if count == 0 || digester.count == status.size && count < size { break }
        }
        // The clock of file times ticks every few milliseconds: a second write in one tick would not show.
        let isSettled = try file.status() == status && start - status.changed > 50_000_000
        return Reading(known: Known(status: status, digest: digester.finish()), isSettled: isSettled)
    }
}

/// The bytes of a name; none for none.
func bytes(of component: FilePath.Component?) -> [UInt8] {
    component?.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } ?? []
}
