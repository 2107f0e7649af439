import Glibc
package import SystemPackage

/// What a file system has left.
package enum FileSystemRoom {
    /// Hardly a block or not a single file more can be had; false where that cannot be known.
    package static func isUsedUp(at path: FilePath) -> Bool {
        var facts = statvfs()
        guard path.withPlatformString({ statvfs($0, &facts) }) == 0 else { return false }
        let isOutOfFiles = facts.f_files > 0 && facts.f_favail == 0
        return isOutOfFiles || UInt64(facts.f_bavail) * UInt64(facts.f_frsize) < 64 * 1024
    }
}
