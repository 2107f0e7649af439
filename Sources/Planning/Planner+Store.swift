package import Bakefiles
import OCI
package import Store
import SystemIO
import SystemPackage

extension Planner {
    /// The plan of a Bakefile against a store: T from the environment, digests of unchanged files from the store.
    ///
    /// Reads nothing else. `jobs` threads look at the inputs. `learn` takes the digests that had to be computed, for `remember`.
    package static func plan(
        _ bakefile: Bakefile,
        images: [String] = [],
        store: ArtifactStore,
        environment: [String: String],
        refresh: Bool = false,
        stamp: [String: String] = [:],
        lock: Lock? = nil,
        lockUse: LockUse = .required,
        jobs: Int = WorkerThread.processorCount,
        findShared: @escaping @Sendable (StepKey) throws -> SharedLayers? = { _ in nil },
        learn: @escaping InputScanner.Learn = { _ in }
    ) throws -> Plan {
        var request = Request(
            bakefile: bakefile,
            images: images,
            timestamp: try ImageTimestamp.resolve(bakefile, environment: environment),
            architecture: Platform.host.architectureName,
            refresh: refresh,
            stamp: stamp,
            lock: lock,
            lockUse: lockUse
        )
        request.findShared = findShared
        // Digests are kept under the names that the kernel gives, which the Bakefile's need not be.
        let known = try KnownFiles(under: inputFolders(of: bakefile), in: store)
        let scanner = InputScanner(
            folder: bakefile.folder,
            contexts: bakefile.contexts,
            threads: jobs,
            lookup: { folder, name, status in known.digest(of: name, in: folder, status) },
            learn: learn
        )
        var planner = Planner(
            request,
            records: StoreRecords(store: store, project: bakefile.project),
            scanner: scanner
        )
        return try planner.plan()
    }

    /// Forgets the digests of files that are no more.
    package static func forgetVanishedFiles(of bakefile: Bakefile, in store: ArtifactStore) throws {
        for folder in inputFolders(of: bakefile) { try store.forgetVanishedFiles(under: folder) }
    }

    private static func inputFolders(of bakefile: Bakefile) -> [FilePath] {
        ([bakefile.folder] + bakefile.contexts.values).compactMap { InputScanner.realPath(of: $0) }
    }

    /// Keeps digests that a plan had to compute, so that the next one need not read those files.
    ///
    /// `readAt` is the `clock` from before the plan: a file written since may have changed without a trace.
    package static func remember(_ learned: [LearnedDigest], in store: ArtifactStore, readAt: Int64) throws {
        try store.recordFileDigests(
            Dictionary(learned.map { ($0.path, KnownFileDigest(digest: $0.known.digest, status: $0.known.status)) }) {
                _,
                last in last
            },
            hashedAt: readAt
        )
    }
}
