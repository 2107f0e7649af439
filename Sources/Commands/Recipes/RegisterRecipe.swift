import AWS
import Bakefiles
import HTTPTransport
import MachineImages
import Reporting
import Rollouts
import Store
import SystemIO

/// From a release to AMIs, and to a release that says where they are.
struct RegisterRecipe: Sendable {
    /// A machine image and the regions that get it.
    struct Target: Sendable {
        let image: String
        let regions: [String]
        /// Accounts that may use it.
        let share: [String]
        /// The machine that it is baked on, in the first of the regions; nil for an AMI of the image's own disk.
        var builder: BuilderInstance?
    }

    struct Outcome: Sendable {
        var account: String
        var placed: [(image: String, placed: ImageRegistration.Placed)]
        var failures: [Failure]
        var release: Release
    }

    /// What went wrong in one region; it keeps nobody else from being registered.
    struct Failure: Sendable {
        let image: String
        let failure: RegionFailure
    }

    let release: Release
    let store: ArtifactStore
    let session: AWSSession

    private static let workers = 64

    func run(_ targets: [Target]) async throws -> Outcome {
        // The disk of a run that was killed is as large as an image; what cannot be removed is in nobody's way.
        _ = try await BlockingPool.shared.run { try store.removeStaleWork() }
        guard let first = targets.first?.regions.first else { preconditionFailure("something is to be registered") }
        let account = try await STS(session, region: first).callerIdentity().account
        var outcome = Outcome(account: account, placed: [], failures: [], release: release)
        for target in targets {
            guard let image = release.images[target.image] else { continue }
            let registration = ImageRegistration(
                session: session,
                store: store,
                account: account,
                name: MachineName(
                    project: release.project,
                    image: target.image,
                    version: image.version,
                    identity: image.identity
                ),
                tags: originTags,
                share: target.share,
                say: { Console.say($0.neutralised) }
            )
            let results =
                if let builder = target.builder {
                    try await bakeOnInstance(registration, target, builder, image)
                } else {
                    try await register(registration, target, image)
                }
            for region in target.regions {
                switch results[region] {
                case .success(let placed): outcome.placed.append((target.image, placed))
                case .failure(let error):
                    outcome.failures.append(
                        Failure(image: target.image, failure: RegionFailure(region: region, error: error))
                    )
                case nil: break
                }
            }
        }
        let reached = outcome
        outcome.release = try await BlockingPool.shared.run { try record(reached, account: account) }
        return outcome
    }

    /// In all regions at once; the disk is made only if one of them lacks the AMI.
    private func register(
        _ registration: ImageRegistration,
        _ target: Target,
        _ image: ReleasedImage
    ) async throws -> [String: Result<ImageRegistration.Placed, any Error>] {
        var results = try await inEach(target.regions) { try await registration.existing(in: $0) }
        let missing = target.regions.filter { if case .success(nil) = results[$0] { true } else { false } }
        if !missing.isEmpty {
            let known = KnownImage(
                project: release.project,
                name: target.image,
                identity: image.identity,
                manifest: image.manifest,
                version: image.version,
                bakedAt: release.created,
                release: release.digest
            )
            let share = max(8, Self.workers / missing.count)
            let made = try await MachineDisk.of(known, in: store) { disk in
                let boot = disk.bootMode
                return try await disk.withMappedDisk { descriptor, map in
                    try await inEach(missing) { region in
                        try await registration.register(descriptor, map, boot, in: region, workers: share)
                    }
                }
            }
            for (region, result) in made { results[region] = result.map { $0 } }
        }
        return results.compactMapValues { result in
            switch result {
            case .success(let placed): placed.map { .success($0) }
            case .failure(let error): .failure(error)
            }
        }
    }

    /// Which commit and which build the image comes from, so that a server leads back to them.
    private var originTags: [Tag] {
        let facts: [(String, String?)] = [
            ("commit", release.git?.commit.map { release.git?.isDirty == true ? "\($0)-dirty" : $0 }),
            ("build", release.build?.url ?? release.build?.number), ("release", release.digest.description),
        ]
        // Source: Amazon EC2 User Guide, "Tag restrictions": 256 characters.
        return facts.compactMap { name, value in
            value.map { Tag(key: "ovenbird:\(name)", value: String($0.prefix(256))) }
        }
    }

    private func record(_ outcome: Outcome, account: String) throws -> Release {
        var new = release
        for (image, placed) in outcome.placed {
            new.images[image]?.placements.removeAll { known in
                if case .machine(account, placed.region, _, _) = known { true } else { false }
            }
            new.images[image]?.placements.append(
                .machine(account: account, region: placed.region, ami: placed.ami, snapshot: placed.snapshot)
            )
        }
        return try store.record(new, placedAfter: release)
    }
}

extension RegisterRecipe {
    /// What the failures of regions mean together: the status of the gravest.
    static func failure(_ failures: [Failure]) -> CommandFailure {
        RegionFailure.meaning(of: failures.map { ("'\($0.image)' is not registered", $0.failure) })
    }
}
