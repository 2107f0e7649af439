import CShims
import Glibc
package import SystemPackage

/// A file that appears whole or not at all: written beside its place, synced, then renamed.
package enum AtomicFile {
    /// Replaces `path`; an existing file keeps its permission bits, and its owner and group as far as this user may give
    /// them, a new one gets `mode` less the umask.
    ///
    /// A symlink at the place is replaced, not followed: who means what it leads to asks `Files.resolved` first.
    package static func write(_ bytes: [UInt8], to path: FilePath, mode: UInt32 = 0o644) throws(SystemError) {
        let folder = path.removingLastComponent()
        let place = folder.isEmpty ? FilePath(".") : folder
        let existing = try FileStatus.ofExisting(path)
        let file = try TemporaryFile.create(beside: path, in: place, mode: mode)
        let temporary = file.path
        do {
            if let existing, existing.kind == .regular { try keepFace(existing, of: file) }
            try file.write(bytes)
            try file.sync()
            try Files.rename(temporary, to: path)
        } catch {
            try? Files.removeFile(temporary)
            throw error
        }
        try Files.syncFolder(place)
    }

    /// Owner first: a change of it takes setuid away.
    private static func keepFace(_ existing: FileStatus, of file: Descriptor) throws(SystemError) {
        let own = try file.status()
        if own.owner != existing.owner || own.group != existing.group {
            // Only root may give files away; others may still keep a group that they are in.
            if fchown(file.raw, existing.owner, existing.group) != 0 {
                _ = fchown(file.raw, own.owner, existing.group)
            }
        }
        guard fchmod(file.raw, existing.mode) == 0 else { throw SystemError("set the mode of", file.path, .current) }
    }
}
