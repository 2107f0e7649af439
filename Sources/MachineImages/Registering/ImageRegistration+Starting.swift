import AWS
import Disks
import HTTPTransport
import OCI
import SystemIO

extension ImageRegistration {
    /// So many snapshots in turn may be lost in one run.
    private static let mostSnapshots = 10

    /// A record of a snapshot that has all blocks of a disk, one that a killed run left or a new one, and how many were sent.
    ///
    /// One that the service gave up, or that somebody removed, is replaced: the same token would only ever give it again.
    func filled(
        _ map: BlockMap,
        of disk: Descriptor,
        in region: PreparedRegion,
        _ journal: RegistrationJournal,
        workers: Int
    ) async throws -> (RegistrationRecord, sent: Int) {
        var (record, blocks) = try await begin(map, in: region, journal, workers: workers)
        var losses = 0
        while true {
            do {
                try await start(&record, &blocks, in: region, journal)
                if record.isComplete { return (record, 0) }
                return (record, try await fill(&record, blocks, of: disk, in: region, journal, workers: workers))
            } catch let loss as LostSnapshot {
                losses += 1
                say("\(region.name): \(loss), and is replaced")
                record = try await replace(record, in: region, journal)
                guard losses < Self.mostSnapshots else {
                    throw RegistrationError.failed(
                        "the snapshot in \(region.name)",
                        "\(losses) in turn were given up by the service or removed"
                    )
                }
            }
        }
    }

    /// A record in the journal, of a snapshot that may have to be started, and the blocks that it has to be sent.
    private func begin(
        _ map: BlockMap,
        in region: PreparedRegion,
        _ journal: RegistrationJournal,
        workers: Int
    ) async throws -> (RegistrationRecord, blocks: [BlockMap.Block]) {
        let (ours, now) = (name, session.clock.now())
        let records = try await BlockingPool.shared.run {
            let all = try journal.records()
            let same = all.filter { ($0.project, $0.image) == (ours.project, ours.image) }
            try journal.removeOld(same, beside: ours.text, now: now)
            return all
        }
        let same = records.filter {
            $0.name == name.text && $0.key == region.key && $0.source == nil && ($0.isLost || $0.map == map)
        }
        let known = same.max { $0.attempt < $1.attempt }
        if let known, !known.isLost {
            let blocks = known.blocks(among: records)
            // Without what is in its parent nobody knows what it lacks.
            let isReadable = blocks != nil || known.isComplete
            // What was to be started with other tags is not the same.
            let isSame = known.snapshot != nil || known.token == token(known, region)
            if isReadable, isSame, let begun = try await goOn(with: known, in: region, journal) {
                return (begun, blocks ?? [])
            }
        }
        let (parent, blocks) = try await base(map, among: records, in: region, journal, workers: workers)
        var record = RegistrationRecord(
            name: name.text,
            project: name.project,
            image: name.image,
            token: "",
            started: session.clock.now(),
            attempt: known.map { $0.attempt + 1 } ?? 0,
            parent: parent?.id,
            key: region.key,
            map: map
        )
        if case .listed = parent?.blocks { record.differing = blocks.map(\.index) }
        record.token = token(record, region)
        let intended = record
        try await BlockingPool.shared.run { try journal.write(intended, inPlaceOf: same) }
        return (record, blocks)
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

    /// What a killed run left, where its snapshot is still there or not started yet; nil for one that the service gave up, or
    /// that somebody removed.
    private func goOn(
        with known: RegistrationRecord,
        in region: PreparedRegion,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord? {
        guard let id = known.snapshot else { return known }
        var known = known
        let status = try await EC2(session, region: region.name).snapshot(id)?.status
        switch status {
        // The service was told, and we were killed before that was noted.
        case .completed where !known.isComplete: try await note(&known, journal)
        case .completed: break
        case .pending: break
        case nil where known.isYoung(session.clock.now()): break
        case nil, .error, .recoverable, .recovering:
            say("\(region.name): \(LostSnapshot(id, status)), and is replaced")
            return nil
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

    /// Starts the snapshot of a record, if it is not; without its parent where the service does not take that.
    ///
    /// Throws `LostSnapshot` where it was started before by whoever has another store, and takes no blocks any more.
    private func start(
        _ record: inout RegistrationRecord,
        _ blocks: inout [BlockMap.Block],
        in region: PreparedRegion,
        _ journal: RegistrationJournal
    ) async throws {
        if record.snapshot != nil { return }
        let started: EBS.StartedSnapshot
        do {
            started = try await startSnapshot(record, in: region)
        } catch let error as ServiceError where error.isOfParent && record.parent != nil {
            // Such as one that is not encrypted, in an account that encrypts by now.
            say("\(region.name): \(record.parent ?? "") is not built on: \(error)")
            let refused = record
            (record.parent, record.differing) = (nil, nil)
            record.token = token(record, region)
            blocks = record.map.blocks
            let intended = record
            try await BlockingPool.shared.run { try journal.write(intended, inPlaceOf: [refused]) }
            started = try await startSnapshot(record, in: region)
        }
        record.snapshot = started.id
        let begun = record
        try await BlockingPool.shared.run { try journal.write(begun) }
        switch started.status {
        case .pending: break
        case .error: throw LostSnapshot(started.id, started.status)
        // It is none that was started now.
        case nil, .completed, .recoverable, .recovering:
            if try await isComplete(started.id, in: region) { try await note(&record, journal) }
        }
    }

    private func startSnapshot(
        _ record: RegistrationRecord,
        in region: PreparedRegion
    ) async throws -> EBS.StartedSnapshot {
        try await EBS(session, region: region.name).start(
            EBS.NewSnapshot(
                volumeSize: record.map.volumeSize,
                parent: record.parent,
                key: record.key,
                description: description,
                tags: name.tags + givenTags,
                token: record.token
            )
        )
    }

    /// Whether a snapshot that a token gave is complete; false where it may still be filled.
    ///
    /// A token may be known for longer than its snapshot is there, and a snapshot may not be known everywhere yet. Throws
    /// `LostSnapshot` for one that is gone or given up.
    private func isComplete(_ id: String, in region: PreparedRegion) async throws -> Bool {
        let ec2 = EC2(session, region: region.name)
        let waiter = Waiter(patience: .seconds(RegistrationRecord.youth), clock: session.clock)
        do {
            return try await waiter.wait(for: "\(region.name): \(id)", say: say) {
                switch try await ec2.snapshot(id)?.status {
                case .completed: .done(true)
                case .pending: .done(false)
                case let status?: throw LostSnapshot(id, status)
                case nil: .pending("is not known")
                }
            }
        } catch is WaitEnded {
            throw LostSnapshot(id, nil)
        }
    }

    /// A record of the snapshot that is to be started next, in the journal in the place of one whose snapshot is lost.
    private func replace(
        _ lost: RegistrationRecord,
        in region: PreparedRegion,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord {
        var next = lost
        (next.snapshot, next.isComplete) = (nil, false)
        (next.started, next.attempt) = (session.clock.now(), lost.attempt + 1)
        next.token = token(next, region)
        let intended = next
        try await BlockingPool.shared.run { try journal.write(intended, inPlaceOf: [lost]) }
        return next
    }
}
