package import Bakefiles
import OCI
package import Store
import SystemIO
import SystemPackage

extension Planner {
    /// The plan of a Bakefile against a store: T from the environment, digests of unchanged files from the store.
    ///
    /// Reads nothing else. `jobs` threads look at the inputs. `learn` takes what was not known of them, for `remember`.
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
        // Folders are known under the names that the kernel gives, which the Bakefile's need not be.
        var known: [[UInt8]: [UInt8]] = [:]
        for folder in inputFolders(of: bakefile) { try store.forEachSeenInput(under: folder) { known[$0] = $1 } }
        let scanner = InputScanner(
            folder: bakefile.folder,
            contexts: bakefile.contexts,
            threads: jobs,
            recall: { [known] path in known[path].flatMap { SeenFolder($0) } },
            learn: learn
        )
        var planner = Planner(
            request,
            records: StoreRecords(store: store, project: bakefile.project),
            scanner: scanner
        )
        return try planner.plan()
    }

    /// Forgets what was seen of folders that are no more.
    package static func forgetVanishedInputs(of bakefile: Bakefile, in store: ArtifactStore) throws {
        for folder in inputFolders(of: bakefile) { try store.forgetVanishedInputs(under: folder) }
    }

    private static func inputFolders(of bakefile: Bakefile) -> [FilePath] {
        ([bakefile.folder] + bakefile.contexts.values).compactMap { InputScanner.realPath(of: $0) }
    }

    /// Keeps what a plan has seen of its inputs, so that the next one need not read those files.
    package static func remember(_ seen: [SeenInput], in store: ArtifactStore) throws {
        try store.recordSeenInputs(seen.map { ($0.path, $0.seen.bytes) })
    }
}
