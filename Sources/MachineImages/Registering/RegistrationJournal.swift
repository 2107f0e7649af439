import Disks
import Glibc
import OCI
import Store
import SystemIO
import SystemPackage

/// The records of one account and region, in the store.
struct RegistrationJournal: Sendable {
    private let folder: FilePath

    init(_ store: ArtifactStore, account: String, region: String) {
        folder = store.registrationsFolder.appending(account).appending(region)
    }

    /// Keeps other processes from registering in this account and region, for as long as the lock is held.
    ///
    /// Can be cancelled; all other calls here block.
    func lock() async throws -> FileLock {
        try await BlockingPool.shared.run { try Files.makeFolder(folder) }
        return try await FileLock.polled { try FileLock.tryAcquire(folder.appending("lock"), .exclusive) }
    }

    /// All records, newest first; one that cannot be read is as good as none.
    func records() throws -> [RegistrationRecord] {
        var found: [RegistrationRecord] = []
        guard Files.exists(folder) else { return [] }
        for name in try Files.names(in: folder) where name.string.hasSuffix(Self.suffix) {
            let bytes = try Files.read(folder.appending(name))
            if let record = (try? JSONValue.parse(bytes)).flatMap({ RegistrationRecord($0) }) { found.append(record) }
        }
        return found.sorted { ($1.started, $1.token) < ($0.started, $0.token) }
    }

    func write(_ record: RegistrationRecord) throws {
        try AtomicFile.write(record.document.canonicalBytes, to: place(record, Self.suffix))
    }

    /// A run that is killed in between leaves both.
    func write(_ record: RegistrationRecord, inPlaceOf others: [RegistrationRecord]) throws {
        try write(record)
        for other in others where other.token != record.token { try remove(other) }
    }

    /// Its snapshot is lost, and that there was one has to be known when another one is started.
    func forget(_ record: RegistrationRecord) throws {
        try removeProgress(record)
        try write(record.lost)
    }

    /// The record comes last: nobody looks for progress behind it, and where a run is killed in between, the next one asks
    /// whether the snapshot is complete.
    func complete(_ record: RegistrationRecord) throws {
        try removeProgress(record)
        try write(record)
    }

    /// Removes what is of no use any more, and would keep snapshots for ever: what was begun for another version of the image and
    /// is given up by the service by now, and, a month later, that some snapshots were lost.
    func removeOld(_ records: [RegistrationRecord], beside name: String, now: Int64) throws {
        for record in records where !record.isComplete && record.name != name {
            if now - record.started > (record.isLost ? 30 * 86_400 : OrphanRule.grace) { try remove(record) }
        }
    }

    private func remove(_ record: RegistrationRecord) throws {
        try removeProgress(record)
        try Files.removeFile(place(record, Self.suffix))
    }

    /// The blocks that are known to have arrived; what a line is lost of is sent once more.
    func arrived(_ record: RegistrationRecord) throws -> Set<Int> {
        let path = place(record, Self.progressSuffix)
        guard Files.exists(path) else { return [] }
        let text = String(decoding: try Files.read(path), as: UTF8.self)
        // A last line without an end may be the beginning of a longer number.
        let whole = text.lastIndex(of: "\n").map { text[..<$0] } ?? ""
        return Set(whole.split(separator: "\n").compactMap { Int($0) })
    }

    /// Where blocks that arrive are noted, each as a line.
    func progress(_ record: RegistrationRecord) throws -> Descriptor {
        try Descriptor.open(place(record, Self.progressSuffix), flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
    }

    private func removeProgress(_ record: RegistrationRecord) throws {
        try Files.removeFile(place(record, Self.progressSuffix))
    }

    private static let suffix = ".json"
    private static let progressSuffix = ".arrived"

    private func place(_ record: RegistrationRecord, _ suffix: String) -> FilePath {
        folder.appending(record.token + suffix)
    }
}
