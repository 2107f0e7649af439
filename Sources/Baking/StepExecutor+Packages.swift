import Bakefiles
import Planning
import Sandbox
import Store
import SystemIO
import SystemPackage

extension StepExecutor {
    /// What a step that moves was made of, with what it made.
    struct Resolved<Made: Sendable>: Sendable {
        let made: Made
        let packages: [BinaryPackage]
    }

    /// Makes a step of packages: with the lock's, else with those that were resolved before, else with those of now.
    ///
    /// `body` gets the packages to take, or nil to look them up. Requests that are the same are looked up once.
    func makeOfPackages<Made: Sendable>(
        _ step: PlannedStep,
        name: StepName,
        _ body: @Sendable ([BinaryPackage]?) async throws -> Resolved<Made>
    ) async throws -> (made: Made, resolution: Lock.Entry) {
        guard let reference = step.reference else { preconditionFailure("a step of packages asks for something") }
        if let locked = reference.locked, let list = locked.packages {
            do {
                return (try await body(list.packages.map { BinaryPackage($0) }).made, locked)
            } catch let error as PinnedPackagesError {
                throw StepError(
                    Self.message(error),
                    fix: "take what there is now with 'ovenbird lock --update \(name.image)'"
                        + (error == .insufficient
                            ? ""
                            : ", or bring the files into '\(PackagePool(cache: bake.store.cacheFolder).folder)', "
                                + "each named after its SHA-256")
                )
            }
        }
        let turn = try await acquire(StepKey(reference.request), name)
        defer { turn.release() }
        let isFresh = bake.options.refresh && !refreshed.contains(StepKey(reference.request))
        if !isFresh, let kept = try records.resolution(of: reference.request), let list = kept.packages {
            do {
                return (try await body(list.packages.map { BinaryPackage($0) }).made, kept)
            } catch is PinnedPackagesError {
                // Nothing pins them, so others will do.
            }
        }
        let done = try await body(nil)
        let entry = Lock.Entry(
            steps: [name.description],
            request: reference.request,
            architecture: step.definition.architecture,
            resolved: currentSeconds(),
            content: .packages(PackageList(done.packages.map { LockedPackage($0) }))
        )
        try bake.store.putResolution(Array(Lock(entries: [entry]).text.utf8), for: reference.request)
        refreshed.insert(StepKey(reference.request))
        return (done.made, entry)
    }

    private static func message(_ error: PinnedPackagesError) -> String {
        switch error {
        case .unavailable: "locked packages are \(error)"
        case .insufficient: "the locked packages do not suffice: apt needs others too, as the log says"
        }
    }
}

extension BinaryPackage {
    fileprivate init(_ package: LockedPackage) {
        self.init(
            name: package.name,
            version: package.version,
            architecture: package.architecture,
            size: package.size,
            digest: package.digest,
            uri: package.uri,
            priority: package.priority
        )
    }
}

extension LockedPackage {
    fileprivate init(_ package: BinaryPackage) {
        self.init(
            name: package.name,
            version: package.version,
            architecture: package.architecture,
            size: package.size,
            digest: package.digest,
            uri: package.uri,
            priority: package.priority
        )
    }
}
