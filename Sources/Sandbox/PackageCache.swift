import Glibc
import SystemIO
import SystemPackage

/// Downloaded files that runs share: each has a folder of its own, filled with links and emptied into the cache.
///
/// apt verifies an archive against its indexes whenever it uses it, and an index by its signature when it fetches it.
struct PackageCache {
    let folder: FilePath

    /// Fills a run's folder; a file that cannot be linked will be downloaded.
    func fill(_ own: FilePath) throws(SystemError) {
        try Files.makeFolder(folder)
        try Files.makeFolder(own)
        for name in try Files.names(in: folder) { _ = link(folder.appending(name), own.appending(name)) }
    }

    /// Takes over what a run has downloaded, newer indexes too.
    func take(from own: FilePath) throws(SystemError) {
        for name in try Files.names(in: own) where name.string != "lock" {
            let file = own.appending(name)
            guard let status = try FileStatus.ofExisting(file), status.kind == .regular, status.size > 0 else {
                continue
            }
            let place = folder.appending(name)
            if let known = try FileStatus.ofExisting(place), known.inode == status.inode { continue }
            // A rename, so that another run sees the old file or the new one.
            let temporary = folder.appending(".\(UInt64.random(in: 0...UInt64.max))")
            guard link(file, temporary) else { continue }
            try Files.rename(temporary, to: place)
        }
    }

    private func link(_ old: FilePath, _ new: FilePath) -> Bool {
        old.withPlatformString { old in new.withPlatformString { Glibc.link(old, $0) } } == 0
    }
}
