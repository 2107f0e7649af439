package import Bakefiles
package import Store
import SystemIO
import SystemPackage

extension Planner {
    /// The plan of a Bakefile against a store: T from the environment, digests of unchanged files from the store.
    ///
    /// Reads and writes nothing else. The digests that had to be computed come along, for `remember`.
    package static func plan(
        _ bakefile: Bakefile,
        images: [String] = [],
        store: ArtifactStore,
        environment: [String: String],
        refresh: Bool = false,
        stamp: [String: String] = [:],
        lock: Lock? = nil,
        lockUse: LockUse = .required
    ) throws -> (plan: Plan, learned: [LearnedDigest]) {
        let request = Request(
            bakefile: bakefile,
            images: images,
            timestamp: try ImageTimestamp.resolve(bakefile, environment: environment),
            architecture: hostArchitecture(),
            refresh: refresh,
            stamp: stamp,
            lock: lock,
            lockUse: lockUse
        )
        var known: [FilePath: KnownFileDigest] = [:]
        for folder in [bakefile.folder] + bakefile.contexts.values {
            // Digests are kept under the names that the kernel gives, which the Bakefile's need not be.
            guard let place = InputScanner.realPath(of: folder) else { continue }
            known.merge(try store.fileDigests(under: place)) { first, _ in first }
        }
        let digests = known
        let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts) { path, status in
            digests[path].flatMap { $0.matches(status) ? $0.digest : nil }
        }
        var planner = Planner(
            request,
            records: StoreRecords(store: store, project: bakefile.project),
            scanner: scanner
        )
        return try planner.plan()
    }

    /// Keeps the digests that a plan had to compute, so that the next one need not read those files, and forgets those
    /// of files that are no more.
    ///
    /// `readAt` is the `clock` from before the plan: a file written since may have changed without a trace.
    package static func remember(
        _ learned: [LearnedDigest],
        of bakefile: Bakefile,
        in store: ArtifactStore,
        readAt: Int64
    ) throws {
        for folder in [bakefile.folder] + bakefile.contexts.values {
            guard let place = InputScanner.realPath(of: folder) else { continue }
            try store.forgetVanishedFiles(under: place)
        }
        try store.recordFileDigests(
            Dictionary(learned.map { ($0.path, KnownFileDigest(digest: $0.known.digest, status: $0.known.status)) }) {
                _,
                last in last
            },
            hashedAt: readAt
        )
    }
}
