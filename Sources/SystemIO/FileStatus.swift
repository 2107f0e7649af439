import CShims
import Glibc
package import SystemPackage

/// What a file is.
package enum FileKind: UInt8, Sendable, Hashable {
    case regular
    case directory
    case symlink
    case characterDevice
    case blockDevice
    case fifo
    case socket

    init?(mode: UInt32) {
        switch mode & S_IFMT {
        case S_IFREG: self = .regular
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symlink
        case S_IFCHR: self = .characterDevice
        case S_IFBLK: self = .blockDevice
        case S_IFIFO: self = .fifo
        case S_IFSOCK: self = .socket
        default: return nil
        }
    }
}

/// The facts that `stat` gives.
package struct FileStatus: Sendable, Hashable {
    package let kind: FileKind
    /// Permission bits with setuid, setgid and sticky.
    package let mode: UInt32
    package let owner: UInt32
    package let group: UInt32
    package let size: Int64
    package let device: UInt64
    package let inode: UInt64
    package let linkCount: UInt64
    /// Major and minor number of a device file.
    package let deviceMajor: UInt32
    package let deviceMinor: UInt32
    /// Nanoseconds since 1970.
    package let modified: Int64
    package let changed: Int64

    init(_ status: stat) {
        self.kind = FileKind(mode: status.st_mode) ?? .regular
        self.mode = status.st_mode & 0o7777
        self.owner = status.st_uid
        self.group = status.st_gid
        self.size = Int64(status.st_size)
        self.device = UInt64(status.st_dev)
        self.inode = UInt64(status.st_ino)
        self.linkCount = UInt64(status.st_nlink)
        self.deviceMajor = ob_major(status.st_rdev)
        self.deviceMinor = ob_minor(status.st_rdev)
        self.modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        self.changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }

    /// Of the path itself, a symlink included; nil where nothing is.
    package static func ofExisting(_ path: FilePath) throws(SystemError) -> FileStatus? {
        var status = stat()
        if path.withPlatformString({ lstat($0, &status) }) == 0 { return FileStatus(status) }
        let code = Errno.current
        if code == .noSuchFileOrDirectory || code == .notDirectory { return nil }
        throw SystemError("examine", path, code)
    }
}
