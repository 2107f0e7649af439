package import AWS
package import Disks
import HTTPTransport
import OCI
package import Store
package import SystemIO

/// Registers one machine image as an AMI in regions of one account: block by block, without an instance.
///
/// What an account has already is found, not made again; what a killed run has begun is gone on with.
package struct ImageRegistration: Sendable {
    /// What became of the image in one region.
    package struct Placed: Sendable, Hashable {
        package var region: String
        package var ami: String
        package var snapshot: String
        /// The AMI was there before.
        package var isFound: Bool
        /// Whose blocks the snapshot did not have to be sent.
        package var parent: String?
        /// Blocks of 512 KiB.
        package var sentBlocks: Int
        /// Accounts that may use it since now.
        package var sharedWith: [String] = []

        /// Nothing was changed.
        package var isUnchanged: Bool { isFound && sharedWith.isEmpty }
    }

    package let session: AWSSession
    package let store: ArtifactStore
    package let account: String
    package let name: MachineName
    /// On the AMI, beside those of its name: which commit and build it comes from.
    package var tags: [Tag]
    /// Accounts that may use the AMI, beside its own.
    package let share: [String]
    package let patience: Duration
    /// Told what goes on, one line at a time.
    package let say: @Sendable (String) -> Void

    package init(
        session: AWSSession,
        store: ArtifactStore,
        account: String,
        name: MachineName,
        tags: [Tag],
        share: [String] = [],
        patience: Duration = .seconds(3600),
        say: @escaping @Sendable (String) -> Void
    ) {
        self.session = session
        self.store = store
        self.account = account
        self.name = name
        self.tags = tags
        self.share = share
        self.patience = patience
        self.say = say
    }

    /// The AMI that the region has already, once it can be used; nil where there is none.
    package func existing(in region: String) async throws -> Placed? {
        guard let found = try await EC2(session, region: region).ownImage(named: name.text) else { return nil }
        let identity = found.tags.first { $0.key == MachineName.identityTag }?.value
        guard identity == name.identity.description else {
            throw RegistrationError.foreignImage(name: name.text, ami: found.id, region: region)
        }
        return try await shared(try await available(found.id, in: region, isFound: true))
    }

    /// Makes the AMI of a disk in one region; `workers` blocks are on their way at a time.
    package func register(
        _ disk: Descriptor,
        _ map: BlockMap,
        _ boot: MachineBootMode,
        in region: String,
        workers: Int
    ) async throws -> Placed {
        let journal = RegistrationJournal(store, account: account, region: region)
        let lock = try await BlockingPool.shared.run { try journal.lock() }
        defer { lock.release() }
        // Another process may have been faster.
        if let placed = try await existing(in: region) { return placed }
        var sent = 0
        var (record, parent) = try await begin(map, in: region, journal)
        if !record.isComplete {
            sent = try await fill(&record, over: parent, disk, in: region, journal, workers: workers)
        }
        let snapshot = try await completed(record, in: region, journal)
        let registration = EC2.Registration(
            name: name.text,
            description: "\(name.image) \(name.version) of \(name.project)",
            architecture: boot.architecture,
            bootMode: boot.mode,
            snapshot: snapshot,
            volumeSize: record.volumeSize,
            tags: name.tags + tags
        )
        let ami: String
        do {
            ami = try await EC2(session, region: region).register(registration)
        } catch let error as ServiceError where error.code == "InvalidAMIName.Duplicate" {
            return try await listed(in: region)
        }
        say("\(region): \(ami) is registered from \(snapshot)")
        var placed = try await available(ami, in: region, isFound: false)
        (placed.parent, placed.sentBlocks) = (record.parent, sent)
        return try await shared(placed)
    }

    /// The AMI that somebody else made, or a call of ours whose answer was lost: it may not be listed everywhere yet.
    func listed(in region: String) async throws -> Placed {
        let waiter = Waiter(patience: .seconds(150), clock: session.clock)
        return try await waiter.wait(for: "\(region): the AMI '\(name.text)'", say: say) {
            try await existing(in: region).map { .done($0) } ?? .pending("is not listed yet")
        }
    }

    /// An AMI that was made a moment ago, once it can be used, and by all who may.
    func settled(_ ami: String, in region: String) async throws -> Placed {
        try await shared(try await available(ami, in: region, isFound: false))
    }

    // MARK: The snapshot

    /// A record of a snapshot that is started, one that a killed run left or a new one, and what is in its parent.
    private func begin(
        _ map: BlockMap,
        in region: String,
        _ journal: RegistrationJournal
    ) async throws -> (RegistrationRecord, parent: BlockMap?) {
        let records = try await BlockingPool.shared.run { try journal.records() }
        var attempt = 0
        if let known = records.first(where: { $0.name == name.text && $0.map == map }) {
            let parent = known.parent.flatMap { id in records.first { $0.snapshot == id } }
            // Without what is in its parent nobody knows what it lacks.
            let isReadable = known.parent == nil || parent != nil || known.isComplete
            if isReadable, let begun = try await goOn(with: known, in: region, journal) { return (begun, parent?.map) }
            attempt = known.attempt + 1
            try await BlockingPool.shared.run { try journal.remove(known) }
        }
        let parent = try await parent(of: map, among: records, in: region, journal)
        var record = RegistrationRecord(
            name: name.text,
            project: name.project,
            image: name.image,
            token: "",
            started: session.clock.now(),
            attempt: attempt,
            parent: parent?.snapshot,
            map: map
        )
        record.token = token(record, region)
        return (try await start(record, in: region, journal), parent?.map)
    }

    /// What a killed run left, where its snapshot is still there; nil for one that the service gave up, or that somebody
    /// removed.
    private func goOn(
        with known: RegistrationRecord,
        in region: String,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord? {
        guard let id = known.snapshot else { return try await start(known, in: region, journal) }
        var known = known
        switch try await EC2(session, region: region).snapshot(id)?.status {
        // The service was told, and we were killed before that was noted.
        case .completed where !known.isComplete: try await note(&known, journal)
        case .completed: break
        case .pending: break
        case nil: if !known.isYoung(session.clock.now()) { return nil }
        case .error, .recoverable, .recovering: return nil
        }
        say("\(region): goes on with \(id)")
        return known
    }

    /// The newest snapshot of an earlier state of the image that is still there; those that are gone are forgotten.
    private func parent(
        of map: BlockMap,
        among records: [RegistrationRecord],
        in region: String,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord? {
        let ec2 = EC2(session, region: region)
        for candidate in records where isParent(candidate, of: map) {
            guard let id = candidate.snapshot else { continue }
            switch try await ec2.snapshot(id)?.status {
            case .completed: return candidate
            case nil where !candidate.isYoung(session.clock.now()):
                try await BlockingPool.shared.run { try journal.remove(candidate) }
            default: break
            }
        }
        return nil
    }

    private func isParent(_ candidate: RegistrationRecord, of map: BlockMap) -> Bool {
        candidate.project == name.project && candidate.image == name.image && candidate.isComplete
            && candidate.map.size <= map.size
    }

    /// Of all that the snapshot is started with, so that another one is never taken for it.
    private func token(_ record: RegistrationRecord, _ region: String) -> String {
        let parts: [JSONValue] = [
            .string(account), .string(region), .string(record.name), .integer(Int64(record.attempt)),
            .string(record.parent ?? ""), record.map.document,
        ]
        return Digester.digest(of: JSONValue.array(parts).canonicalBytes).hex
    }

    private func start(
        _ intended: RegistrationRecord,
        in region: String,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord {
        try await BlockingPool.shared.run { try journal.write(intended) }
        var record = intended
        record.snapshot = try await EBS(session, region: region).start(
            EBS.NewSnapshot(
                volumeSize: record.volumeSize,
                parent: record.parent,
                description: "\(name.image) \(name.version) of \(name.project)",
                tags: name.tags,
                token: record.token
            )
        )
        let started = record
        try await BlockingPool.shared.run { try journal.write(started) }
        return started
    }

    /// Sends what is missing, and says that it was all.
    private func fill(
        _ record: inout RegistrationRecord,
        over parent: BlockMap?,
        _ disk: Descriptor,
        in region: String,
        _ journal: RegistrationJournal,
        workers: Int
    ) async throws -> Int {
        guard let snapshot = record.snapshot else { preconditionFailure("a snapshot is started before it is filled") }
        let filled = record
        let ebs = EBS(session, region: region)
        let (known, progress) = try await BlockingPool.shared.run {
            (try journal.arrived(filled), try journal.progress(filled))
        }
        let blocks = record.map.blocks(over: parent)
        let upload = SnapshotUpload(disk: disk, ebs: ebs, snapshot: snapshot, blocks: blocks)
        let total = blocks.count
        say(
            "\(region): \(total - known.count) of \(total) blocks go to \(snapshot)"
                + (record.parent.map { ", over \($0)" } ?? "")
        )
        let sent = try await upload.run(skipping: known, workers: workers) { index in
            try progress.write(Array("\(index)\n".utf8))
        }
        do {
            try await ebs.complete(snapshot, digests: blocks.map(\.digest))
        } catch let error as ServiceError where sent == 0 && error.code == "ConflictException" {
            // It was completed by the run that was killed, and its state says so later.
        }
        try await note(&record, journal)
        return sent
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

    private func completed(
        _ record: RegistrationRecord,
        in region: String,
        _ journal: RegistrationJournal
    ) async throws -> String {
        guard let id = record.snapshot else { preconditionFailure("a snapshot is started before it is completed") }
        let ec2 = EC2(session, region: region)
        let waiter = Waiter(patience: patience, clock: session.clock)
        do {
            return try await waiter.wait(for: "\(region): \(id)", say: say) {
                guard let found = try await ec2.snapshot(id) else { return .pending("is not known yet") }
                switch found.status {
                case .completed: return .done(id)
                case .pending: return .pending("is being completed")
                case .error, .recoverable, .recovering:
                    throw RegistrationError.failed(
                        "\(id) in \(region)",
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

    // MARK: The AMI

    private func available(_ ami: String, in region: String, isFound: Bool) async throws -> Placed {
        let ec2 = EC2(session, region: region)
        let waiter = Waiter(patience: patience, agreeing: 2, clock: session.clock)
        return try await waiter.wait(for: "\(region): \(ami)", say: say) {
            guard let found = try await ec2.image(ami) else { return .pending("is not known yet") }
            switch found.state {
            case .available:
                guard let snapshot = found.snapshot else { return .pending("does not say its snapshot yet") }
                return .done(
                    Placed(region: region, ami: ami, snapshot: snapshot, isFound: isFound, sentBlocks: 0)
                )
            case .pending, .transient: return .pending("is pending")
            case .failed, .error, .invalid, .disabled, .deregistered:
                throw RegistrationError.failed(
                    "\(ami) in \(region)",
                    found.reason ?? "its state is '\(found.state.rawValue)'"
                )
            }
        }
    }
}

extension ImageRegistration {
    /// Lets the accounts that may use the AMI do so, as far as they may not yet; nobody's right is taken away.
    ///
    /// The snapshot first: whoever sees the AMI can also copy it.
    private func shared(_ placed: Placed) async throws -> Placed {
        if share.isEmpty { return placed }
        let ec2 = EC2(session, region: placed.region)
        let volumes = try await ec2.users(ofSnapshot: placed.snapshot)
        let newVolumes = share.filter { !volumes.contains($0) }
        if !newVolumes.isEmpty { try await ec2.share(snapshot: placed.snapshot, with: newVolumes) }
        let machines = try await ec2.users(ofImage: placed.ami)
        let newMachines = share.filter { !machines.contains($0) }
        if !newMachines.isEmpty { try await ec2.share(image: placed.ami, with: newMachines) }
        var result = placed
        result.sharedWith = share.filter { newVolumes.contains($0) || newMachines.contains($0) }
        if !result.sharedWith.isEmpty {
            say("\(placed.region): \(placed.ami) may be used by \(result.sharedWith.joined(separator: ", "))")
        }
        return result
    }
}

extension RegistrationRecord {
    /// GiB, rounded up: a volume has nothing smaller.
    fileprivate var volumeSize: Int { Int((map.size + (1 << 30) - 1) >> 30) }

    /// It was started so short a time ago that it may not be known everywhere.
    fileprivate func isYoung(_ now: Int64) -> Bool { now - started < 180 }
}
