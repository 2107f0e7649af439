import Glibc
package import SystemPackage

/// A file that grows beside its place, as `.NAME.PROCESS.NUMBER.tmp`, until it is renamed there.
///
/// It is locked (flock) as long as it is open, so what a killed process left is known by its lock, which nobody holds.
package enum TemporaryFile {
    /// Makes one for `path`, after the removal of those that dead processes left for it.
    static func create(beside path: FilePath, in folder: FilePath, mode: UInt32) throws(SystemError) -> Descriptor {
        removeLeftovers(of: path)
        let name = path.lastComponent?.string ?? "file"
        while true {
            let temporary = folder.appending(".\(name).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp")
            let file = try Descriptor.open(temporary, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
            // Where there are no locks, nobody can get it to remove the file either.
            let isLocked = flock(file.raw, LOCK_EX | LOCK_NB) == 0
            let hasNoLocks = !isLocked && errno != EWOULDBLOCK
            // Somebody else may have taken it for left over before it was locked.
            if hasNoLocks || isLocked && Files.exists(temporary) { return file }
        }
    }

    /// Removes what dead processes left beside `path`; what cannot be removed stays.
    package static func removeLeftovers(of path: FilePath) {
        guard let name = path.lastComponent?.string else { return }
        let parent = path.removingLastComponent()
        let folder = parent.isEmpty ? FilePath(".") : parent
        for found in (try? Files.names(in: folder)) ?? [] where isTemporary(found.string, of: name) {
            let leftover = folder.appending(found)
            // For reading: who may remove a file may not always write it. Not one that opens slowly, as a pipe does.
            guard let file = try? Descriptor.open(leftover, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
                flock(file.raw, LOCK_EX | LOCK_NB) == 0
            else { continue }
            try? Files.removeFile(leftover)
        }
    }

    private static func isTemporary(_ text: String, of name: String) -> Bool {
        guard text.hasPrefix(".\(name)."), text.hasSuffix(".tmp") else { return false }
        let numbers = text.dropFirst(name.utf8.count + 2).dropLast(4).split(
            separator: ".",
            omittingEmptySubsequences: false
        )
        return numbers.count == 2
            && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }
}
