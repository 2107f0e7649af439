import Glibc
package import SystemPackage

/// An advisory lock on a file (flock): held until released or the process ends, however it ends.
package final class FileLock: Sendable {
    package enum Mode: Sendable {
        case shared
        case exclusive
    }

    private let descriptor: Descriptor

    private init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Waits for the lock; blocks the thread, so call it through `BlockingPool`.
    package static func acquire(_ path: FilePath, _ mode: Mode) throws(SystemError) -> FileLock {
        let descriptor = try Descriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
        while flock(descriptor.raw, mode == .shared ? LOCK_SH : LOCK_EX) != 0 {
            if errno != EINTR { throw SystemError("lock", path, .current) }
        }
        return FileLock(descriptor)
    }

    /// Tries until it is there, twenty times a second: a wait for a lock could not be cancelled.
    ///
    /// Throws what a try throws, and `CancellationError`.
    package static func polled(_ attempt: () async throws -> FileLock?) async throws -> FileLock {
        while true {
            if let lock = try await attempt() { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The lock, or nil where somebody else holds it.
    package static func tryAcquire(_ path: FilePath, _ mode: Mode) throws(SystemError) -> FileLock? {
        let descriptor = try Descriptor.open(path, flags: O_RDWR | O_CREAT, mode: 0o644)
        if flock(descriptor.raw, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 { return FileLock(descriptor) }
        if errno == EWOULDBLOCK { return nil }
        throw SystemError("lock", path, .current)
    }

    /// Gives the lock up before the last reference goes.
    package func release() { flock(descriptor.raw, LOCK_UN) }
}
