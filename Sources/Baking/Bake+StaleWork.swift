import Glibc
import Sandbox
import Store
import SystemIO
import SystemPackage

extension Bake {
    /// Removes what bakes that were killed have left, so that no run needs a repair.
    ///
    /// What belongs to an ordinary user's sub-ids is removed in a sandbox; what cannot be removed at all stays for another
    /// time, since nothing uses it.
    func removeStaleWork() async throws {
        let store = store
        try? await removeHalfMadeRoots()
        let failures = try await BlockingPool.shared.run { try store.removeStaleWork() }
        guard !failures.isEmpty, geteuid() != 0 else { return }
        let names = failures.compactMap { failure -> FilePath.Component? in
            var path = FilePath(failure.path)
            guard path.removePrefix(store.temporaryFolder) else { return nil }
            return path.components.first
        }
        try? await StepSandbox.remove(Set(names).map { store.temporaryFolder.appending($0) }, worker: options.worker)
    }

    /// Removes layers that were being unpacked by processes that are no more: nobody holds their locks.
    private func removeHalfMadeRoots() async throws {
        let folder = store.rootsFolder(geteuid() == 0 ? .real : .mapped)
        for name in try Files.names(in: folder) where name.extension == "tmp" {
            let path = folder.appending(name)
            guard let lock = try FileLock.tryAcquire(folder.appending("\(name.stem).lock"), .exclusive) else {
                continue
            }
            defer { lock.release() }
            try await StepSandbox.remove([path], worker: options.worker)
        }
    }
}
