import AWS
import Disks
import HTTPTransport
import SystemIO

/// The snapshot that another one is started over, and how it is known what is in it.
struct ParentSnapshot: Sendable {
    enum Blocks: Sendable {
        /// From when we wrote it.
        case held(BlockMap)
        /// Only which there are: what is in them has to be read.
        case listed([EBS.StoredBlock])
    }

    var id: String
    var blocks: Blocks
}

extension ImageRegistration {
    /// The newest snapshot of an earlier state of the image: of those that the store knows the blocks of, or else, as on a new
    /// machine, of those that the region has.
    func parent(
        of map: BlockMap,
        among records: [RegistrationRecord],
        in region: PreparedRegion,
        _ journal: RegistrationJournal? = nil
    ) async throws -> ParentSnapshot? {
        if let known = try await heldParent(of: map, among: records, in: region, journal) { return known }
        return try await listedParent(of: map, in: region)
    }

    /// Those that are gone are forgotten where there is a journal to write to.
    private func heldParent(
        of map: BlockMap,
        among records: [RegistrationRecord],
        in region: PreparedRegion,
        _ journal: RegistrationJournal?
    ) async throws -> ParentSnapshot? {
        let ec2 = EC2(session, region: region.name)
        for candidate in records where isParent(candidate, of: map, in: region) {
            guard let id = candidate.snapshot else { continue }
            switch try await ec2.snapshot(id)?.status {
            case .completed: return ParentSnapshot(id: id, blocks: .held(candidate.map))
            case nil where !candidate.isYoung(session.clock.now()):
                try await BlockingPool.shared.run { try journal?.forget(candidate) }
            default: break
            }
        }
        return nil
    }

    /// One that is encrypted otherwise cannot be it: a snapshot has the key of its parent.
    private func isParent(_ candidate: RegistrationRecord, of map: BlockMap, in region: PreparedRegion) -> Bool {
        candidate.project == name.project && candidate.image == name.image && candidate.isComplete
            && candidate.key == region.key && candidate.map.size <= map.size
    }

    /// One of the same state is none: somebody with another store makes the AMI of it.
    ///
    /// What cannot be read is no reason to register nothing: then all blocks are sent.
    private func listedParent(of map: BlockMap, in region: PreparedRegion) async throws -> ParentSnapshot? {
        let own = try await EC2(session, region: region.name).ownSnapshots(
            tagged: Tag(key: MachineName.imageTag, value: name.image)
        )
        let project = Tag(key: MachineName.projectTag, value: name.project)
        let same = Tag(key: MachineName.identityTag, value: name.identity.description)
        let fitting = own.filter { snapshot in
            snapshot.status == .completed && snapshot.tags.contains(project) && !snapshot.tags.contains(same)
                && snapshot.kmsKeyId == region.key
                && snapshot.volumeSize <= map.volumeSize
        }
        let newest = fitting.max { ($0.started ?? 0, $0.snapshotId) < ($1.started ?? 0, $1.snapshotId) }
        guard let id = newest?.snapshotId else { return nil }
        do {
            let blocks = try await EBS(session, region: region.name).blocks(of: id)
            return blocks.isEmpty ? nil : ParentSnapshot(id: id, blocks: .listed(blocks))
        } catch let error as ServiceError where !error.isOfCredentials {
            say("\(region.name): \(id) is not built on: \(error)")
            return nil
        }
    }
}

extension ServiceError {
    /// The parent that a snapshot is to be started over may be what is refused.
    ///
    /// Source: EBS direct APIs reference, StartSnapshot, "Errors".
    var isOfParent: Bool { ["ValidationException", "ResourceNotFoundException"].contains(code) }
}

extension RegistrationRecord {
    /// It was started so short a time ago that it may not be known everywhere.
    func isYoung(_ now: Int64) -> Bool { now - started < Self.youth }

    /// Seconds.
    static let youth: Int64 = 180
}
