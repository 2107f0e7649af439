import CShims
import Glibc
import SystemIO
import SystemPackage

extension InputScanner {
    /// What reading a file gave.
    struct Reading: Sendable {
        let status: FileStatus
        /// Of the content of a file with that status.
        let digest: Digest
        /// Whether a later change of the file is sure to show in its status.
        let isSettled: Bool
    }

    /// Whether what looks like this is sure to look different after a change that comes later than `time`.
    ///
    /// The clock of file times ticks every few milliseconds, and some file systems keep whole seconds only: a second change
    /// in one tick would not show.
    static func isSettled(_ status: FileStatus, at time: Int64) -> Bool {
        let tick: Int64 = status.changed % 1_000_000_000 == 0 ? 2_000_000_000 : 50_000_000
        return time - status.changed > tick
    }

    /// Whether the facts of a folder change with the names in it, which POSIX demands, and many a file system in user space, or
    /// from elsewhere, does not do.
    static func showsNewNames(_ folder: SystemIO.Descriptor) -> Bool {
        // ext2 to ext4, XFS, Btrfs, tmpfs, overlayfs, ZFS, F2FS, as statfs(2) and the headers of Linux have them.
        let known = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1, 0xf2f5_2010]
        return known.contains(ob_file_system_type(folder.raw))
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
        let isSettled = try file.status() == status && isSettled(status, at: start)
        return Reading(status: status, digest: digester.finish(), isSettled: isSettled)
    }
}
