import CShims
import Glibc
package import SystemPackage

/// A file that appears whole or not at all: written beside its place, synced, then renamed.
package enum AtomicFile {
    /// Replaces `path`; an existing file keeps its permission bits, a new one gets `mode` less the umask.
    package static func write(_ bytes: [UInt8], to path: FilePath, mode: UInt32 = 0o644) throws(SystemError) {
        let folder = path.removingLastComponent()
        let place = folder.isEmpty ? FilePath(".") : folder
        let name = path.lastComponent?.string ?? "file"
        let temporary = place.appending(".\(name).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp")
        let existing = try FileStatus.ofExisting(path)
        let file = try Descriptor.open(temporary, flags: O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        do {
            if let existing, existing.kind == .regular { fchmod(file.raw, existing.mode) }
            try file.write(bytes)
            try file.sync()
            try Files.rename(temporary, to: path)
        } catch {
            try? Files.removeFile(temporary)
            throw error
        }
        try Files.syncFolder(place)
    }
}
