import Glibc
import Synchronization
import SystemIO
package import SystemPackage

/// A folder of one test: made empty, gone with its last reference.
package final class TemporaryFolder: Sendable {
    package let path: FilePath

    package init(in parent: FilePath = "/tmp") throws {
        var template = Array(parent.appending("ovenbird-test.XXXXXX").string.utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("make a folder in", parent, .current) }
        self.path = FilePath(platformString: template)
    }

    deinit { remove(path) }

    /// Keeps the folder for all tests of the process, and removes it at its end.
    package func keepUntilExit() {
        kept.withLock { folders in
            if folders.isEmpty { atexit { kept.withLock { $0.forEach { remove($0.path) } } } }
            folders.append(self)
        }
    }

    package func file(_ name: String) -> FilePath { path.appending(name) }

    /// Writes a file below the folder, making the folders above it; answers its path.
    @discardableResult
    package func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws -> FilePath {
        try write(Array(text.utf8), to: name, mode: mode)
    }

    @discardableResult
    package func write(_ bytes: [UInt8], to name: String, mode: UInt32 = 0o644) throws -> FilePath {
        let place = file(name)
        try Files.makeFolder(place.removingLastComponent())
        try AtomicFile.write(bytes, to: place, mode: mode)
        return place
    }

    @discardableResult
    package func makeFolder(_ name: String, mode: UInt32 = 0o755) throws -> FilePath {
        try Files.makeFolder(file(name), mode: mode)
        return file(name)
    }
}

private let kept = Mutex<[TemporaryFolder]>([])

/// Removes what it can; a test that fails in between may leave folders without permission bits.
private func remove(_ path: FilePath) {
    if let status = try? FileStatus.ofExisting(path), status.kind == .directory {
        path.withPlatformString { _ = chmod($0, 0o700) }
        for name in (try? Files.names(in: path)) ?? [] { remove(path.appending(name)) }
        path.withPlatformString { _ = rmdir($0) }
    } else {
        try? Files.removeFile(path)
    }
}
