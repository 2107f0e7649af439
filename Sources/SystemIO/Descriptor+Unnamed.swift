import CShims
import Glibc
package import SystemPackage

extension Descriptor {
    /// A new file without a name, on the file system of `folder`, for reading and writing at its end.
    ///
    /// It is gone with its last descriptor, however the process ends. Where the file system has no such files
    /// (O_TMPFILE), it has a name for a moment.
    package static func openUnnamed(in folder: FilePath, mode: UInt32 = 0o600) throws(SystemError) -> Descriptor {
        do {
            return try open(folder, flags: O_RDWR | O_APPEND | ob_open_tmpfile_flag(), mode: mode)
        } catch {
            // EISDIR is the answer of a kernel that does not know the flag.
            guard error.code == .notSupported || error.code == .isDirectory else { throw error }
        }
        let path = folder.appending(".\(getpid())-\(UInt64.random(in: 0...UInt64.max)).tmp")
        let file = try open(path, flags: O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        try Files.removeFile(path)
        return file
    }
}
