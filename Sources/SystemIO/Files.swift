import CShims
import Glibc
package import SystemPackage

/// Whole small files and folders by path.
package enum Files {
    /// Reads a file; more than `limit` bytes is EFBIG.
    package static func read(_ path: FilePath, limit: Int = 64 << 20) throws(SystemError) -> [UInt8] {
        let file = try Descriptor.openForReading(path)
        guard try file.status().kind != .directory else { throw SystemError("read", path, .isDirectory) }
        return try file.readAll(limit: limit)
    }

    package static func exists(_ path: FilePath) -> Bool {
        path.withPlatformString { access($0, F_OK) } == 0
    }

    /// The path of what is there, without symlinks, `.` and `..`; nothing there is ENOENT.
    package static func resolved(_ path: FilePath) throws(SystemError) -> FilePath {
        guard let name = path.withPlatformString({ realpath($0, nil) }) else {
            throw SystemError("find", path, .current)
        }
        defer { free(name) }
        return FilePath(platformString: name)
    }

    /// Creates the folder and those above it; an existing folder is fine, also one that another process makes just now.
    package static func makeFolder(_ path: FilePath, mode: UInt32 = 0o755) throws(SystemError) {
        if try makeOneFolder(path, mode) { return }
        let parent = path.removingLastComponent()
        if !parent.isEmpty, parent != path {
            try makeFolder(parent, mode: mode)
            if try makeOneFolder(path, mode) { return }
        }
        throw SystemError("make the folder", path, .noSuchFileOrDirectory)
    }

    /// False where the folder above is missing.
    private static func makeOneFolder(_ path: FilePath, _ mode: UInt32) throws(SystemError) -> Bool {
        if path.withPlatformString({ mkdir($0, mode) }) == 0 { return true }
        switch Errno.current {
        case .fileExists:
            var status = stat()
            guard path.withPlatformString({ stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw SystemError("make the folder", path, .notDirectory)
            }
            return true
        case .noSuchFileOrDirectory: return false
        case let code: throw SystemError("make the folder", path, code)
        }
    }

    /// Removes a file or symlink; nothing there is fine.
    package static func removeFile(_ path: FilePath) throws(SystemError) {
        if path.withPlatformString({ unlink($0) }) != 0, errno != ENOENT {
            throw SystemError("remove", path, .current)
        }
    }

    package static func rename(_ old: FilePath, to new: FilePath) throws(SystemError) {
        let result = old.withPlatformString { old in new.withPlatformString { Glibc.rename(old, $0) } }
        guard result == 0 else { throw SystemError("rename to '\(new)'", old, .current) }
    }

    /// Waits until the names in a folder are on the disk.
    package static func syncFolder(_ path: FilePath) throws(SystemError) {
        try Descriptor.openFolder(path).sync()
    }

    /// The names in a folder without `.` and `..`, sorted by bytes.
    package static func names(in folder: FilePath) throws(SystemError) -> [FilePath.Component] {
        guard let stream = folder.withPlatformString({ opendir($0) }) else {
            throw SystemError("read the folder", folder, .current)
        }
        defer { closedir(stream) }
        var names: [(bytes: [UInt8], component: FilePath.Component)] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemError("read the folder", folder, .current) }
                break
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == [0x2e] || name == [0x2e, 0x2e] { continue }
            guard
                let component = (name + [0]).withUnsafeBufferPointer({ buffer in
                    buffer.withMemoryRebound(to: CChar.self) { chars in
                        chars.baseAddress.flatMap { FilePath.Component(platformString: $0) }
                    }
                })
            else { continue }
            names.append((name, component))
        }
        return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(\.component)
    }

    /// Where a relative path starts.
    package static func currentFolder() throws(SystemError) -> FilePath {
        guard let name = getcwd(nil, 0) else { throw SystemError("find the current folder", ".", .current) }
        defer { free(name) }
        return FilePath(platformString: name)
    }
}
