import AWS
import HTTPTransport
import Disks
import Synchronization
import SystemIO

extension ImageRegistration {
    /// Sends what is missing, and says that it was all; gives how many blocks that were.
    ///
    /// Throws `LostSnapshot` where the snapshot takes no blocks any more, and is not complete.
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
        } catch let error as ServiceError where Self.takesNothing.contains(error.code) {
            // It may be complete: by a call whose answer was lost, by a run that was killed, or by somebody with another store
            // who registers the same image, and so has the same snapshot.
            try await expectComplete(snapshot, in: region, or: error)
        }
        try await note(&record, journal)
        return sent
    }

    private static let takesNothing: Set<String> = [
        "ConflictException", "ResourceNotFoundException", "ValidationException",
    ]

    /// Throws `LostSnapshot` where the snapshot is given up or gone, and else the error where it does not turn out to be
    /// complete, which may be known later.
    private func expectComplete(_ snapshot: String, in region: PreparedRegion, or error: ServiceError) async throws {
        let ec2 = EC2(session, region: region.name)
        let waiter = Waiter(patience: .seconds(300), clock: session.clock)
        var isKnown = false
        do {
            try await waiter.wait(for: "\(region.name): \(snapshot)", say: say) {
                let status = try await ec2.snapshot(snapshot)?.status
                isKnown = status != nil
                switch status {
                case .completed: return .done(())
                case .pending, nil: return .pending("takes nothing more, and is not complete yet")
                case .error, .recoverable, .recovering: throw LostSnapshot(snapshot, status)
                }
            }
        } catch is WaitEnded {
            if isKnown { throw error }
            throw LostSnapshot(snapshot, nil)
        }
    }

    /// Notes that a snapshot is complete, so that it can be a parent.
    func note(_ record: inout RegistrationRecord, _ journal: RegistrationJournal) async throws {
        record.isComplete = true
        let complete = record
        try await BlockingPool.shared.run { try journal.complete(complete) }
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
            try await BlockingPool.shared.run { try journal.forget(record) }
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
