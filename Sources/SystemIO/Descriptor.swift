import CShims
import Glibc
import Synchronization
package import SystemPackage

/// An open file descriptor with one owner: closed when the last reference goes.
///
/// All calls retry on EINTR. Close errors are not reported: what must not be lost is synced before.
package final class Descriptor: Sendable {
    package let raw: Int32
    private let folder: FilePath
    /// Below the folder: joined only when somebody asks, since most files are opened without anybody asking.
    private let name: [UInt8]
    private let isClosed = Atomic(false)

    package init(adopting raw: Int32, path: FilePath) {
        self.raw = raw
        self.folder = path
        self.name = []
    }

    /// Of a file that lies below an open folder.
    init(adopting raw: Int32, below folder: FilePath, _ name: [UInt8]) {
        self.raw = raw
        self.folder = folder
        self.name = name
    }

    deinit { closeNow() }

    /// Closes it although there are references, none of which may be used any more: for a thread that has time for it.
    package func closeNow() {
        if !isClosed.exchange(true, ordering: .relaxed) { close(raw) }
    }

    /// The name for messages.
    package var path: FilePath {
        name.isEmpty ? folder : folder.appending(bytes: name)
    }

    /// Opens with O_CLOEXEC.
    package static func open(_ path: FilePath, flags: Int32, mode: UInt32 = 0) throws(SystemError) -> Descriptor {
        let raw = path.withPlatformString { ob_openat(AT_FDCWD, $0, flags, mode) }
        guard raw >= 0 else { throw SystemError("open", path, .current) }
        return Descriptor(adopting: raw, path: path)
    }

    package static func openForReading(_ path: FilePath) throws(SystemError) -> Descriptor {
        try open(path, flags: O_RDONLY)
    }

    package static func openFolder(_ path: FilePath) throws(SystemError) -> Descriptor {
        try open(path, flags: O_RDONLY | O_DIRECTORY)
    }

    /// Reads at most `buffer.count` bytes; 0 is the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count = Glibc.read(raw, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw SystemError("read", path, .current) }
        }
    }

    /// Reads at most `buffer.count` bytes at `offset`; 0 is the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemError) -> Int {
        while true {
            let count = pread(raw, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { throw SystemError("read", path, .current) }
        }
    }

    /// Writes all of `bytes`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = Glibc.write(raw, rest.baseAddress, rest.count)
            if count >= 0 { done += count } else if errno != EINTR { throw SystemError("write", path, .current) }
        }
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(raw, rest.baseAddress, rest.count, off_t(offset + Int64(done)))
            if count >= 0 { done += count } else if errno != EINTR { throw SystemError("write", path, .current) }
        }
    }

    package func write(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(SystemError) in try write(UnsafeRawBufferPointer(buffer)) }
    }

    /// Makes the file so long; what it gets is zeros that take no room.
    package func setLength(_ length: Int64) throws(SystemError) {
        guard ftruncate(raw, off_t(length)) == 0 else { throw SystemError("set the length of", path, .current) }
    }

    /// Waits until the content is on the disk (fsync).
    package func sync() throws(SystemError) {
        guard fsync(raw) == 0 else { throw SystemError("sync", path, .current) }
    }

    package func status() throws(SystemError) -> FileStatus {
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw SystemError("examine", path, .current) }
        return FileStatus(status)
    }

    /// Reads to the end; refuses more than `limit` bytes with EFBIG.
    package func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = try buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemError) in
                try read(into: UnsafeMutableRawBufferPointer(bytes))
            }
            if count == 0 { return result }
            guard result.count + count <= limit else { throw SystemError("read", path, .fileTooLarge) }
            result += buffer[..<count]
        }
    }
}
