package import AWS
package import Bakefiles
package import Disks
import HTTPTransport
package import Store
package import SystemIO

/// Registers one machine image as an AMI in regions of one account: block by block, without an instance.
///
/// What an account has already is found, not made again; what a killed run has begun is gone on with.
package struct ImageRegistration: Sendable {
    package let session: AWSSession
    package let store: ArtifactStore
    package let account: String
    package let name: MachineName
    /// On the AMI, beside those of its name: which commit and build it comes from.
    package var tags: [Tag]
    package let settings: AMISettings
    /// For a snapshot or an AMI that is pending; nil waits for as long as it is.
    package let patience: Duration?
    /// Told what goes on, one line at a time.
    package let say: @Sendable (String) -> Void

    package init(
        session: AWSSession,
        store: ArtifactStore,
        account: String,
        name: MachineName,
        tags: [Tag],
        settings: AMISettings,
        patience: Duration? = nil,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.session = session
        self.store = store
        self.account = account
        self.name = name
        self.tags = tags
        self.settings = settings
        self.patience = patience
        self.say = say
    }

    /// What the Bakefile wants on all that is made.
    var givenTags: [Tag] { settings.tags.sorted { $0.key < $1.key }.map { Tag(key: $0.key, value: $0.value) } }

    var description: String { "\(name.image) \(name.version) of \(name.project)" }

    /// The AMI that the region has already, once it can be used; nil where there is none.
    package func existing(in region: PreparedRegion) async throws -> PlacedImage? {
        let ec2 = EC2(session, region: region.name)
        guard let found = try await own(in: region).image else { return nil }
        let identity = found.tags.first { $0.key == MachineName.identityTag }?.value
        guard identity == name.identity.description else {
            throw RegistrationError.foreignImage(name: name.text, ami: found.id, region: region.name)
        }
        let placed = try await available(found.id, in: region, isFound: true)
        if let key = region.key, let snapshot = try await ec2.snapshot(placed.snapshot), snapshot.kmsKeyId != key {
            throw RegistrationError.otherKey(ami: found.id, key: snapshot.kmsKeyId, wanted: key, region: region.name)
        }
        return placed
    }

    /// The account's AMI of the name, and the ids of those that failed.
    ///
    /// One that failed keeps the name from being registered again, and keeps nothing from being copied.
    private func own(in region: PreparedRegion) async throws -> (image: EC2.MachineImage?, failed: Set<String>) {
        let all = try await EC2(session, region: region.name).ownImages(named: name.text)
        let failed = Set(all.filter { OrphanRule.hasFailed($0.state) }.map(\.id))
        let best = Self.best(of: all)
        return (isCopied(in: region.name) && best.map { failed.contains($0.id) } ?? false ? nil : best, failed)
    }

    /// The one to go on with of several AMIs of one name: one that can be used, else one that soon may be, else one that nobody
    /// can use, and one that failed last of all; of equals the one with the lowest id.
    static func best(of images: [EC2.MachineImage]) -> EC2.MachineImage? {
        func rank(_ image: EC2.MachineImage) -> Int {
            switch image.state {
            case .available: 0
            case .pending, .transient: 1
            case .disabled, .deregistered: 2
            case .failed, .error, .invalid: 3
            }
        }
        return images.min { (rank($0), $0.id) < (rank($1), $1.id) }
    }

    /// Makes the AMI of a disk in one region; `workers` blocks are on their way at a time.
    package func register(
        _ disk: Descriptor,
        _ map: BlockMap,
        _ boot: MachineBootMode,
        in region: PreparedRegion,
        workers: Int
    ) async throws -> PlacedImage {
        var (parent, sent): (String?, Int) = (nil, 0)
        var placed = try await alone(in: region) { journal, _ in
            let (record, count) = try await filled(map, of: disk, in: region, journal, workers: workers)
            let snapshot = try await completed(record, in: region, journal)
            let registration = registration(of: snapshot, boot, size: record.map.volumeSize)
            let ami = try await EC2(session, region: region.name).register(registration)
            say("\(region.name): \(ami) is registered from \(snapshot)")
            (parent, sent) = (record.parent, count)
            return ami
        }
        (placed.parent, placed.sentBlocks) = (parent, sent)
        return placed
    }

    /// What is said of the AMI when it is registered; `size` in GiB.
    func registration(of snapshot: String, _ boot: MachineBootMode, size: Int) -> EC2.Registration {
        EC2.Registration(
            name: name.text,
            description: description,
            architecture: boot.architecture,
            bootMode: boot.mode,
            snapshot: snapshot,
            volumeSize: size,
            tags: name.tags + tags + givenTags
        )
    }

    /// Makes an AMI, gives its id, while no other process does in this account and region; what there is already is not made again.
    ///
    /// That it can be used is waited for when others may go on. `make` is told which AMIs of the name have failed.
    func alone(
        in region: PreparedRegion,
        _ make: (RegistrationJournal, _ failed: Set<String>) async throws -> String
    ) async throws -> PlacedImage {
        let journal = RegistrationJournal(store, account: account, region: region.name)
        let made = try await made(in: region, journal, make)
        guard let made else { return try await listed(in: region) }
        return try await available(made, in: region, isFound: false)
    }

    /// Nil where it is there.
    private func made(
        in region: PreparedRegion,
        _ journal: RegistrationJournal,
        _ make: (RegistrationJournal, _ failed: Set<String>) async throws -> String
    ) async throws -> String? {
        let lock = try await journal.lock()
        defer { lock.release() }
        // Another process may have been faster.
        let known = try await own(in: region)
        if known.image != nil { return nil }
        do {
            return try await make(journal, known.failed)
        } catch let error as ServiceError where error.code == "InvalidAMIName.Duplicate" {
            return nil
        }
    }

    /// The AMI that somebody else made, or a call of ours whose answer was lost: it may not be listed everywhere yet.
    func listed(in region: PreparedRegion) async throws -> PlacedImage {
        let waiter = Waiter(patience: .seconds(150), clock: session.clock)
        return try await waiter.wait(for: "\(region.name): the AMI '\(name.text)'", say: say) {
            try await existing(in: region).map { .done($0) } ?? .pending("is not listed yet")
        }
    }

    func available(_ ami: String, in region: PreparedRegion, isFound: Bool) async throws -> PlacedImage {
        let ec2 = EC2(session, region: region.name)
        let waiter = Waiter(patience: patience, agreeing: 2, clock: session.clock)
        return try await waiter.wait(for: "\(region.name): \(ami)", say: say) {
            guard let found = try await ec2.image(ami) else { return .unknown("is not known") }
            switch found.state {
            case .available:
                guard let snapshot = found.snapshot else { return .pending("does not say its snapshot yet") }
                return .done(
                    PlacedImage(
                        region: region.name,
                        ami: ami,
                        snapshot: snapshot,
                        registered: found.created,
                        deprecated: found.deprecated,
                        isFound: isFound
                    )
                )
            case .pending, .transient: return .pending("is pending")
            case .failed, .error, .invalid, .disabled, .deregistered:
                throw RegistrationError.unusable(
                    ami: ami,
                    region: region.name,
                    reason: found.reason ?? "its state is '\(found.state.rawValue)'"
                )
            }
        }
    }
}

extension Tag {
    /// For digests of what something is made with.
    var text: String { "\(key)\n\(value)" }
}
