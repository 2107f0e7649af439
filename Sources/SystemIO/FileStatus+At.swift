import CShims
import Glibc
package import SystemPackage

extension FileStatus {
    /// Of a name in an open folder, a symlink itself included; `path` is for messages.
    package static func at(_ folder: Descriptor, _ name: [UInt8], path: FilePath) throws(SystemError) -> FileStatus {
        var status = stat()
        let bytes = name.map { CChar(bitPattern: $0) } + [0]
        guard fstatat(folder.raw, bytes, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SystemError("examine", path, .current)
        }
        return FileStatus(status)
    }
}
