import AWS
import HTTPTransport
import Disks
import OCI
import Synchronization
import SystemIO

extension ImageRegistration {
    /// A record of a snapshot that is started, one that a killed run left or a new one, and the blocks that it has to be sent.
    func begin(
        _ map: BlockMap,
        in region: PreparedRegion,
        _ journal: RegistrationJournal,
        workers: Int
    ) async throws -> (RegistrationRecord, blocks: [BlockMap.Block]) {
        let records = try await BlockingPool.shared.run { try journal.records() }
        var attempt = 0
        if let known = records.first(where: { $0.name == name.text && $0.map == map && $0.key == region.key }) {
            let blocks = known.blocks(among: records)
            // Without what is in its parent nobody knows what it lacks.
            let isReadable = blocks != nil || known.isComplete
            // What was to be started with other tags is not the same.
            let isSame = known.snapshot != nil || known.token == token(known, region)
            if isReadable, isSame, let begun = try await goOn(with: known, in: region, journal) {
                return (begun, blocks ?? [])
            }
            attempt = known.attempt + 1
            try await BlockingPool.shared.run { try journal.remove(known) }
        }
        let (parent, blocks) = try await base(map, among: records, in: region, journal, workers: workers)
        var record = RegistrationRecord(
            name: name.text,
            project: name.project,
            image: name.image,
            token: "",
            started: session.clock.now(),
            attempt: attempt,
            parent: parent?.id,
            key: region.key,
            map: map
        )
        if case .listed = parent?.blocks { record.differing = blocks.map(\.index) }
        record.token = token(record, region)
        do {
            return (try await start(record, in: region, journal), blocks)
        } catch let error as ServiceError where error.isOfParent && record.parent != nil {
            // Such as one that is not encrypted, in an account that encrypts by now.
            say("\(region.name): \(record.parent ?? "") is not built on: \(error)")
            let refused = record
            try await BlockingPool.shared.run { try journal.remove(refused) }
            (record.parent, record.differing) = (nil, nil)
            record.token = token(record, region)
            return (try await start(record, in: region, journal), map.blocks)
        }
    }

    /// What the snapshot is started over, and the blocks that it lacks then.
    private func base(
        _ map: BlockMap,
        among records: [RegistrationRecord],
        in region: PreparedRegion,
        _ journal: RegistrationJournal,
        workers: Int
    ) async throws -> (ParentSnapshot?, [BlockMap.Block]) {
        guard let parent = try await parent(of: map, among: records, in: region, journal) else {
            return (nil, map.blocks)
        }
        switch parent.blocks {
        case .held(let known): return (parent, map.blocks(over: known))
        case .listed(let stored):
            say("\(region.name): reads \(parent.id), since this store does not know what is in it")
            let ebs = EBS(session, region: region.name)
            let reading = ParentReading(map: map, parent: parent.id, stored: stored, ebs: ebs)
            do {
                if let blocks = try await reading.differing(workers: workers) { return (parent, blocks) }
                say("\(region.name): \(parent.id) is not built on: most of it is otherwise")
            } catch let error as ServiceError where !error.isOfCredentials {
                say("\(region.name): \(parent.id) is not built on: \(error)")
            }
            return (nil, map.blocks)
        }
    }

    /// What a killed run left, where its snapshot is still there; nil for one that the service gave up, or that somebody
    /// removed.
    private func goOn(
        with known: RegistrationRecord,
        in region: PreparedRegion,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord? {
        guard let id = known.snapshot else {
            do {
                return try await start(known, in: region, journal)
            } catch let error as ServiceError where error.isOfParent && known.parent != nil {
                return nil
            }
        }
        var known = known
        switch try await EC2(session, region: region.name).snapshot(id)?.status {
        // The service was told, and we were killed before that was noted.
        case .completed where !known.isComplete: try await note(&known, journal)
        case .completed: break
        case .pending: break
        case nil: if !known.isYoung(session.clock.now()) { return nil }
        case .error, .recoverable, .recovering: return nil
        }
        say("\(region.name): goes on with \(id)")
        return known
    }

    /// Of all that the snapshot is started with, so that another one is never taken for it.
    private func token(_ record: RegistrationRecord, _ region: PreparedRegion) -> String {
        let parts: [JSONValue] =
            [
                .string(account), .string(region.name), .string(record.name), .integer(Int64(record.attempt)),
                .string(record.parent ?? ""), .string(record.key ?? ""), record.map.document,
                // Over a parent that was read others are sent than over one that was known.
                .array((record.differing ?? []).map { .integer(Int64($0)) }),
            ] + givenTags.map { .string($0.text) }
        return Digester.digest(of: JSONValue.array(parts).canonicalBytes).hex
    }

    private func start(
        _ intended: RegistrationRecord,
        in region: PreparedRegion,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord {
        try await BlockingPool.shared.run { try journal.write(intended) }
        var record = intended
        record.snapshot = try await EBS(session, region: region.name).start(
            EBS.NewSnapshot(
                volumeSize: record.map.volumeSize,
                parent: record.parent,
                key: record.key,
                description: description,
                tags: name.tags + givenTags,
                token: record.token
            )
        )
        let started = record
        try await BlockingPool.shared.run { try journal.write(started) }
        return started
    }

    /// Sends what is missing, and says that it was all.
    func fill(
        _ record: inout RegistrationRecord,
        _ blocks: [BlockMap.Block],
        of disk: Descriptor,
        in region: PreparedRegion,
        _ journal: RegistrationJournal,
        workers: Int
    ) async throws -> Int {
        guard let snapshot = record.snapshot else { preconditionFailure("a snapshot is started before it is filled") }
        let filled = record
        let ebs = EBS(session, region: region.name)
        let (known, progress) = try await BlockingPool.shared.run {
            (try journal.arrived(filled), try journal.progress(filled))
        }
        let upload = SnapshotUpload(disk: disk, ebs: ebs, snapshot: snapshot, blocks: blocks)
        let total = blocks.count
        say(
            "\(region.name): \(total - known.count) of \(total) blocks go to \(snapshot)"
                + (record.parent.map { ", over \($0)" } ?? "")
        )
        var sent = 0
        do {
            let heartbeat = UploadHeartbeat(known.count, of: total, since: session.clock.steady())
            sent = try await upload.run(skipping: known, workers: workers) { index in
                try progress.write(Array("\(index)\n".utf8))
                if let words = heartbeat.arrived(at: session.clock.steady()) { say("\(region.name): \(words)") }
            }
            try await ebs.complete(snapshot, digests: blocks.map(\.digest))
        } catch let error as ServiceError where ["ConflictException", "ValidationException"].contains(error.code) {
            // It may be complete: by a call whose answer was lost, by a run that was killed, or by somebody with another store
            // who registers the same image, and so has the same snapshot.
            try await expectComplete(snapshot, in: region, or: error)
        }
        try await note(&record, journal)
        return sent
    }

    /// Throws the error where the snapshot does not turn out to be complete, which may be known later.
    private func expectComplete(_ snapshot: String, in region: PreparedRegion, or error: ServiceError) async throws {
        let ec2 = EC2(session, region: region.name)
        let waiter = Waiter(patience: .seconds(300), clock: session.clock)
        do {
            try await waiter.wait(for: "\(region.name): \(snapshot)", say: say) {
                switch try await ec2.snapshot(snapshot)?.status {
                case .completed: .done(())
                case .pending, nil: .pending("takes nothing more, and is not complete yet")
                case .error, .recoverable, .recovering: throw error
                }
            }
        } catch is WaitEnded {
            throw error
        }
    }

    /// Notes that a snapshot is complete, so that it can be a parent.
    private func note(_ record: inout RegistrationRecord, _ journal: RegistrationJournal) async throws {
        record.isComplete = true
        let complete = record
        try await BlockingPool.shared.run {
            try journal.write(complete)
            try journal.removeProgress(complete)
        }
    }

    func completed(
        _ record: RegistrationRecord,
        in region: PreparedRegion,
        _ journal: RegistrationJournal
    ) async throws -> String {
        guard let id = record.snapshot else { preconditionFailure("a snapshot is started before it is completed") }
        let ec2 = EC2(session, region: region.name)
        let waiter = Waiter(patience: patience, clock: session.clock)
        do {
            return try await waiter.wait(for: "\(region.name): \(id)", say: say) {
                guard let found = try await ec2.snapshot(id) else { return .unknown("is not known") }
                switch found.status {
                case .completed: return .done(id)
                case .pending: return .pending("is being completed")
                case .error, .recoverable, .recovering:
                    throw RegistrationError.failed(
                        "\(id) in \(region.name)",
                        found.statusMessage ?? "its state is '\(found.status.rawValue)'"
                    )
                }
            }
        } catch let error as RegistrationError {
            // The next run begins with another one.
            try await BlockingPool.shared.run { try journal.remove(record) }
            throw error
        }
    }
}

extension BlockMap {
    /// GiB, rounded up: a volume has nothing smaller.
    var volumeSize: Int { Int((size + (1 << 30) - 1) >> 30) }
}

/// How many blocks have arrived, which is said now and then: on a narrow line an upload takes long.
private final class UploadHeartbeat: Sendable {
    private static let interval = 30.0

    private let total: Int
    private let state: Mutex<(count: Int, said: Double)>

    init(_ count: Int, of total: Int, since start: Double) {
        self.total = total
        state = Mutex((count, start))
    }

    /// One more is there; what is to be said, where something is.
    func arrived(at now: Double) -> String? {
        state.withLock { state in
            state.count += 1
            guard now - state.said >= Self.interval else { return nil }
            state.said = now
            return "\(state.count) of \(total) blocks have arrived"
        }
    }
}
