import CShims
import Glibc
import SystemIO
import SystemPackage

/// Everything about a folder but its content, to give another folder the same face.
struct FolderFacts {
    private let status: FileStatus
    private let attributes: [(name: String, value: [UInt8])]

    static func read(_ folder: Descriptor) throws(SystemError) -> FolderFacts {
        let path = folder.procPath.appending(".")
        let names = try attributeNames(path).filter { !isOverlayMark($0) }
        var attributes: [(String, [UInt8])] = []
        for name in names { attributes.append((name, try attribute(name, of: path))) }
        return FolderFacts(status: try folder.status(), attributes: attributes)
    }

    /// Attributes that the target's file system has no room for are left out.
    func apply(to path: FilePath) throws(SystemError) {
        for attribute in attributes {
            let result = path.withPlatformString {
                ob_lsetxattr($0, attribute.name, attribute.value, attribute.value.count)
            }
            if result != 0, errno != ENOTSUP { throw SystemError("set '\(attribute.name)' of", path, .current) }
        }
        let seconds = status.modified.quotientAndRemainder(dividingBy: 1_000_000_000)
        let floor = seconds.remainder < 0 ? seconds.quotient - 1 : seconds.quotient
        let time = timespec(tv_sec: Int(floor), tv_nsec: Int(status.modified - floor * 1_000_000_000))
        let result = path.withPlatformString { path in
            lchown(path, status.owner, status.group) == 0 && chmod(path, status.mode) == 0
                && utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW) == 0
        }
        guard result else { throw SystemError("set owner, mode and time of", path, .current) }
    }

    private static func isOverlayMark(_ name: String) -> Bool {
        name.hasPrefix("trusted.overlay.") || name.hasPrefix("user.overlay.")
    }

    private static func attributeNames(_ path: FilePath) throws(SystemError) -> [String] {
        var buffer = [CChar](repeating: 0, count: 64 * 1024)
        let count = path.withPlatformString { ob_llistxattr($0, &buffer, buffer.count) }
        if count < 0 {
            if errno == ENOTSUP { return [] }
            throw SystemError("list the attributes of", path, .current)
        }
        return buffer[..<count].split(separator: 0).map {
            String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    private static func attribute(_ name: String, of path: FilePath) throws(SystemError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = path.withPlatformString { ob_lgetxattr($0, name, &buffer, buffer.count) }
        guard count >= 0 else { throw SystemError("read '\(name)' of", path, .current) }
        return Array(buffer[..<count])
    }
}
