import AWS
import Bakefiles
import HTTPTransport
import MachineImages
import OCI
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// From a release to AMIs, and to a release that says where they are.
struct RegisterRecipe: Sendable {
    /// A machine image, and where and how it is registered.
    struct Target: Sendable {
        let image: String
        var settings: AMISettings
        /// The machine that it is baked on, where its copies come from; nil for an AMI of the image's own disk.
        var builder: BuilderInstance?
        /// Other regions whose AMI is copied rather than that it is baked once more: the first that has it.
        var sources: [String] = []
    }

    struct Outcome: Sendable {
        var account: String
        var placed: [(image: String, placed: PlacedImage)]
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
    /// Blocks that are on their way at a time, in all regions together.
    var workers = 64
    /// For what is pending; nil waits for as long as it is.
    var patience: Duration?
    /// Told what goes on, one line at a time.
    var say: @Sendable (String) -> Void = { Console.say($0.neutralised) }

    func run(_ targets: [Target]) async throws -> Outcome {
        // The disk of a run that was killed is as large as an image; what cannot be removed is in nobody's way.
        _ = try await BlockingPool.shared.run { try store.removeStaleWork() }
        guard let first = targets.first?.settings.regions.first else {
            preconditionFailure("something is to be registered")
        }
        let account = try await STS(session, region: first).callerIdentity().account
        var outcome = Outcome(account: account, placed: [], failures: [], release: release)
        for target in targets {
            guard let image = release.images[target.image] else { continue }
            let (target, original) = try await located(target, image, account: account)
            let results = try await place(registration(of: image, target, account: account), target, image, original)
            let (placed, failures) = sorted(results, by: target.settings.regions)
            outcome.placed += placed.map { (target.image, $0.value) }
            outcome.failures += failures.map { Failure(image: target.image, failure: $0) }
        }
        let reached = outcome
        outcome.release = try await BlockingPool.shared.run { try record(reached, account: account) }
        return outcome
    }

    private func registration(of image: ReleasedImage, _ target: Target, account: String) -> ImageRegistration {
        ImageRegistration(
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
            settings: target.settings,
            patience: patience,
            say: say
        )
    }

    /// With the region that its copies come from, and the AMI there where that is none of those that get it.
    func located(
        _ target: Target,
        _ image: ReleasedImage,
        account: String
    ) async throws -> (Target, original: PlacedImage?) {
        var target = target
        let registration = registration(of: image, target, account: account)
        for region in target.sources where !target.settings.regions.contains(region) {
            do {
                guard let original = try await registration.existing(in: PreparedRegion(name: region)) else { continue }
                target.settings.copyFrom = region
                return (target, original)
            } catch let error where !(error is CancellationError) {
                say("note: '\(target.image)' is not copied from \(region): \(error)")
            }
        }
        return (target, nil)
    }

    /// In all regions at once, each found fit before anything is changed in it; `original` is in none of them.
    ///
    /// No region waits for another one's AMI before others may use its own.
    private func place(
        _ registration: ImageRegistration,
        _ target: Target,
        _ image: ReleasedImage,
        _ original: PlacedImage?
    ) async throws -> [String: Result<PlacedImage, any Error>] {
        var ready: [String: Result<PlacedImage, any Error>] = [:]
        var missing: [PreparedRegion] = []
        for (name, result) in try await look(registration, target) {
            switch result {
            case .success((_, let placed?)): ready[name] = .success(placed)
            case .success((let region, nil)): missing.append(region)
            case .failure(let error): ready[name] = .failure(error)
            }
        }
        var results = try await handOut(ready, registration)
        guard let source = registration.settings.copyFrom else {
            let made = try await register(registration, target, image, in: missing) {
                try await registration.handOut($0)
            }
            return results.merging(made) { _, new in new }
        }
        let filled = missing.filter { $0.name == source }
        let made =
            if let builder = target.builder {
                try await bakeOnInstance(registration, target, builder, image, in: filled)
            } else {
                try await register(registration, target, image, in: filled) { $0 }
            }
        // First it is shared, and then copied, which takes long.
        results.merge(try await handOut(made, registration)) { _, new in new }
        let original = original.map { .success($0) } ?? made[source] ?? ready[source]
        let copies = try await inEach(keyed(missing.filter { $0.name != source }, by: \.name)) { region in
            guard case .success(let original) = original else { throw RegistrationError.noSource(region: source) }
            return try await registration.handOut(try await registration.copy(original, to: region))
        }
        return results.merging(copies) { _, new in new }
    }

    /// What would be done, with nothing changed; `work` is a folder for what the disk is made in, where it may not be the store.
    func preview(_ targets: [Target], work: FilePath? = nil) async throws -> RegistrationReport {
        guard let first = targets.first?.settings.regions.first else { return RegistrationReport() }
        let account = try await STS(session, region: first).callerIdentity().account
        var report = RegistrationReport(account: account)
        for target in targets {
            guard let image = release.images[target.image] else { continue }
            let target = try await located(target, image, account: account).0
            let registration = registration(of: image, target, account: account)
            let found = try await look(registration, target)
            if let builder = target.builder {
                let previews = try await preview(registration, target, builder, image, in: found)
                report.add(target.image, image.version, previews)
                continue
            }
            let needsMap = found.contains { region, result in
                if case .success((_, nil)) = result { !registration.isCopied(in: region) } else { false }
            }
            let previews = try await MachineDisk.of(release.known(image, named: target.image), in: store, work: work) {
                disk in
                let (map, boot) = (needsMap ? try await disk.blockMap() : nil, disk.bootMode)
                return try await inEach(found) { result in
                    let (region, placed) = try result.get()
                    return try await registration.preview(placed, in: region, boot, map: map)
                }
            }
            report.add(target.image, image.version, previews)
        }
        return report
    }

    /// What each region has, once it is found fit.
    private func look(
        _ registration: ImageRegistration,
        _ target: Target
    ) async throws -> [String: Result<(region: PreparedRegion, placed: PlacedImage?), any Error>] {
        try await inEach(keyed(target.settings.regions, by: \.self)) { region in
            let prepared = try await registration.prepare(region)
            // A bake on a machine looks by itself, and takes back what a killed one left.
            if target.builder != nil, region == registration.settings.copyFrom {
                return (region: prepared, placed: nil)
            }
            return (region: prepared, placed: try await registration.existing(in: prepared))
        }
    }

    private func handOut(
        _ results: [String: Result<PlacedImage, any Error>],
        _ registration: ImageRegistration
    ) async throws -> [String: Result<PlacedImage, any Error>] {
        try await inEach(results) { try await registration.handOut(try $0.get()) }
    }

    /// Makes the disk, if there is a region that lacks the AMI, fills snapshots with it, and does with each AMI what comes then.
    private func register(
        _ registration: ImageRegistration,
        _ target: Target,
        _ image: ReleasedImage,
        in regions: [PreparedRegion],
        then: @escaping @Sendable (PlacedImage) async throws -> PlacedImage
    ) async throws -> [String: Result<PlacedImage, any Error>] {
        if regions.isEmpty { return [:] }
        try await BlockingPool.shared.run { try checkLayers(of: image, named: target.image) }
        let share = max(1, workers / regions.count)
        return try await MachineDisk.of(release.known(image, named: target.image), in: store) { disk in
            let boot = disk.bootMode
            return try await disk.withMappedDisk { descriptor, map in
                try await inEach(keyed(regions, by: \.name)) { region in
                    try await then(registration.register(descriptor, map, boot, in: region, workers: share))
                }
            }
        }
    }

    func keyed<Given>(_ regions: [Given], by name: (Given) -> String) -> [String: Given] {
        Dictionary(uniqueKeysWithValues: regions.map { (name($0), $0) })
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
