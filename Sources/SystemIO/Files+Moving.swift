import CShims
import Glibc
package import SystemPackage

extension Files {
    /// Renames unless `new` exists already; false where it does.
    ///
    /// On file systems that cannot do so in one call (EINVAL), a hard link takes its place.
    package static func renameIfAbsent(_ old: FilePath, to new: FilePath) throws(SystemError) -> Bool {
        let result = old.withPlatformString { old in
            new.withPlatformString { ob_renameat2(AT_FDCWD, old, AT_FDCWD, $0, ob_rename_noreplace_flag()) }
        }
        if result == 0 { return true }
        let code = Errno.current
        switch code {
        case .fileExists: return false
        case .invalidArgument, .noFunction: return try linkIfAbsent(old, to: new)
        default: throw SystemError("rename to '\(new)'", old, code)
        }
    }

    private static func linkIfAbsent(_ old: FilePath, to new: FilePath) throws(SystemError) -> Bool {
        let result = old.withPlatformString { old in new.withPlatformString { link(old, $0) } }
        if result == 0 {
            try removeFile(old)
            return true
        }
        let code = Errno.current
        if code == .fileExists { return false }
        throw SystemError("rename to '\(new)'", old, code)
    }
}
