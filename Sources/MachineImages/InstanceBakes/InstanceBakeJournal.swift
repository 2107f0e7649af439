import OCI
import Store
import SystemIO
import SystemPackage

/// The records of bakes on machines of one account and region, in the store: one for each AMI that is being made.
///
/// Blocks; call from `BlockingPool`.
struct InstanceBakeJournal: Sendable {
    private let folder: FilePath

    init(_ store: ArtifactStore, account: String, region: String) {
        folder = store.instanceBakesFolder.appending(account).appending(region)
    }

    /// Keeps other processes from making this AMI here, for as long as the lock is held.
    func lock(_ name: String) async throws -> FileLock {
        try await BlockingPool.shared.run { try Files.makeFolder(folder) }
        return try await FileLock.polled { try tryLock(name) }
    }

    /// The same for a bake that nobody is at; nil where somebody is.
    func tryLock(_ name: String) throws -> FileLock? { try FileLock.tryAcquire(place(name, ".lock"), .exclusive) }

    /// All records, oldest first; one that cannot be read is as good as none.
    func records() throws -> [InstanceBakeRecord] {
        var found: [InstanceBakeRecord] = []
        guard Files.exists(folder) else { return [] }
        for name in try Files.names(in: folder) where name.string.hasSuffix(Self.suffix) {
            // One that its owner removes meanwhile.
            guard let bytes = try? Files.read(folder.appending(name)) else { continue }
            if let record = (try? JSONValue.parse(bytes)).flatMap({ InstanceBakeRecord($0) }) { found.append(record) }
        }
        return found.sorted { ($0.started, $0.identifier) < ($1.started, $1.identifier) }
    }

    func record(_ name: String) throws -> InstanceBakeRecord? { try records().first { $0.name == name } }

    func write(_ record: InstanceBakeRecord) throws {
        try AtomicFile.write(record.document.canonicalBytes, to: place(record.name, Self.suffix))
    }

    func remove(_ record: InstanceBakeRecord) throws { try Files.removeFile(place(record.name, Self.suffix)) }

    private static let suffix = ".json"

    private func place(_ name: String, _ suffix: String) -> FilePath {
        folder.appending(Digester.digest(of: name).hex + suffix)
    }
}
