import Glibc
import SystemIO
import SystemPackage

/// A file in the store's `tmp` that its owner keeps locked for as long as he lives.
///
/// Whoever finds the lock free has found what a killed process left. Name and lock cannot be had in one call, so after
/// locking the name is looked at again: whoever cleans up in between takes the name away, and another one is made.
struct LiveFile {
    let path: FilePath
    let descriptor: Descriptor

    /// Creates and locks a file with a name that starts with `prefix`.
    static func create(in folder: FilePath, prefix: String, suffix: String = "") throws(SystemError) -> LiveFile {
        while true {
            let name = "\(prefix)-\(getpid())-\(hexadecimal(randomBytes(8)))\(suffix)"
            let path = folder.appending(name)
            let descriptor = try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
            if try lockWithoutWaiting(descriptor), try isStillNamed(descriptor, path) {
                return LiveFile(path: path, descriptor: descriptor)
            }
        }
    }

    /// Opens a file whose owner is dead, and locks it; nil where the owner lives, or where the file is gone.
    static func takeOver(_ path: FilePath) throws(SystemError) -> LiveFile? {
        let descriptor: Descriptor
        do {
            descriptor = try Descriptor.open(path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        } catch {
            if error.code == .noSuchFileOrDirectory { return nil }
            throw error
        }
        guard try lockWithoutWaiting(descriptor), try isStillNamed(descriptor, path) else { return nil }
        return LiveFile(path: path, descriptor: descriptor)
    }

    private static func lockWithoutWaiting(_ descriptor: Descriptor) throws(SystemError) -> Bool {
        while flock(descriptor.raw, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { throw SystemError("lock", descriptor.path, .current) }
        }
        return true
    }

    private static func isStillNamed(_ descriptor: Descriptor, _ path: FilePath) throws(SystemError) -> Bool {
        guard let named = try FileStatus.ofExisting(path) else { return false }
        let opened = try descriptor.status()
        return named.inode == opened.inode && named.device == opened.device
    }
}

private func randomBytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}
