package import SystemIO
package import SystemPackage

/// A folder for work in progress, on the file system of the store.
///
/// It lives as long as this value is held and is then removed, as far as that is possible. If the process dies, the
/// lock beside the folder is free, and `ArtifactStore.removeStaleWork` of a later run removes both.
package final class WorkFolder: Sendable {
    package let path: FilePath
    private let lock: LiveFile

    package init(in folder: FilePath, prefix: String) throws {
        lock = try LiveFile.create(in: folder, prefix: prefix, suffix: WorkFolder.lockSuffix)
        path = FilePath(String(lock.path.string.dropLast(WorkFolder.lockSuffix.count)))
        do {
            try Files.makeFolder(path, mode: 0o700)
        } catch {
            try? Files.removeFile(lock.path)
            throw error
        }
    }

    deinit { remove() }

    static let lockSuffix = ".lock"

    /// Removes the folder with all that is in it; what could not be removed is returned.
    @discardableResult
    package func remove() -> [SystemError] {
        let errors = Files.removeTree(path)
        // The lock goes last, so that a folder without a lock is one that nobody needs.
        if errors.isEmpty { try? Files.removeFile(lock.path) }
        return errors
    }
}

extension ArtifactStore {
    /// Makes an empty folder of mode 0700 under the store's `tmp`.
    package func makeWorkFolder(_ prefix: String) throws -> WorkFolder {
        try requireWriting("make a work folder")
        return try WorkFolder(in: temporaryFolder, prefix: prefix)
    }

    /// Removes the temporary files and folders of processes that are no more.
    ///
    /// Follows no symlink and touches nothing whose owner lives. What cannot be removed, such as the files of another
    /// user's sub-ids, is no failure: it is returned, to be told.
    package func removeStaleWork() throws -> [SystemError] {
        try requireWriting("clean up")
        var errors: [SystemError] = []
        for name in try Files.names(in: temporaryFolder) where !name.string.hasSuffix(WorkFolder.lockSuffix) {
            do {
                errors += try removeIfStale(temporaryFolder.appending(name))
            } catch {
                errors.append(error)
            }
        }
        for name in try Files.names(in: temporaryFolder) where name.string.hasSuffix(WorkFolder.lockSuffix) {
            do {
                errors += try removeLoneLock(temporaryFolder.appending(name))
            } catch {
                errors.append(error)
            }
        }
        return errors
    }

    private func removeIfStale(_ path: FilePath) throws(SystemError) -> [SystemError] {
        guard let status = try FileStatus.ofExisting(path) else { return [] }
        switch status.kind {
        case .directory:
            let lockPath = FilePath(path.string + WorkFolder.lockSuffix)
            guard try FileStatus.ofExisting(lockPath) != nil else { return Files.removeTree(path) }
            guard let lock = try LiveFile.takeOver(lockPath) else { return [] }
            let errors = Files.removeTree(path)
            if errors.isEmpty { try Files.removeFile(lock.path) }
            return errors
        case .regular:
            guard let file = try LiveFile.takeOver(path) else { return [] }
            try Files.removeFile(file.path)
            return []
        default: return Files.removeTree(path)
        }
    }

    /// A lock whose folder was never made, or is gone.
    private func removeLoneLock(_ path: FilePath) throws(SystemError) -> [SystemError] {
        let folder = FilePath(String(path.string.dropLast(WorkFolder.lockSuffix.count)))
        guard let lock = try LiveFile.takeOver(path), try FileStatus.ofExisting(folder) == nil else { return [] }
        try Files.removeFile(lock.path)
        return []
    }
}
