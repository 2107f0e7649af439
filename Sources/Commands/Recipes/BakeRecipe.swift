import Attestations
import Bakefiles
import Baking
import ContainerImages
import Diagnostics
import Disks
import FoundationEssentials
import Glibc
import ImageTests
import MachineImages
import OCI
import Planning
import Rollouts
import Sandbox
import Store
import Synchronization
import SystemIO
import SystemPackage

/// From a Bakefile to a release: plan, bake, name, write down.
///
/// Each line of `run` is a step that a person would name.
struct BakeRecipe: Sendable {
    struct Options: Sendable {
        var images: [String] = []
        var jobs: Int
        var refresh = false
        /// What pins what moves; nil where the Bakefile has no lock.
        var lock: Lock?
        /// The release that the versions are counted on from, where the store does not know them.
        var after: Release?
        /// Whether counting may begin without a ledger.
        var isFirst = false
        /// The program that runs as `sandbox-worker`.
        var worker: FilePath
        var environment: [String: String]
        /// Registries that are spoken to in plain HTTP.
        var insecure: [String] = []
        /// Where results of steps come from and go to.
        var sharing = SharedSteps.Places()
        /// Whether the images are tested before they are released.
        var tests = true
    }

    /// What a bake left.
    struct Outcome: Sendable {
        let plan: Plan
        let result: BakeResult
        /// nil where a step or a test failed.
        let release: Release?
        var tests: [TestResult] = []
        /// What is wrong with the images, though they are baked.
        var warnings: [Diagnostic] = []
        /// Results that were put into the shared cache.
        var sharedCount = 0
    }

    let bakefile: Bakefile
    let store: ArtifactStore
    let options: Options
    var emit: @Sendable (BakeEvent) -> Void

    func run() async throws -> Outcome {
        if options.sharing.isEmpty { return try await run(nil) }
        return try await RegistryAccess(insecure: options.insecure, environment: options.environment)
            .session { session in
                let shared = SharedSteps(
                    options.sharing,
                    session: session,
                    store: store,
                    architecture: Platform.host.architectureName
                )
                var outcome = try await run(shared)
                outcome.sharedCount = try await shared.publish(outcome.result)
                outcome.warnings += shared.warnings
                return outcome
            }
    }

    private func run(_ shared: SharedSteps?) async throws -> Outcome {
        // Until the release names what this bake has made, nothing may be collected.
        let announcement = try await store.announceWork()
        defer { announcement.release() }
        let git = try await GitState.read(bakefile.folder)
        let build = ContinuousIntegration.read(options.environment)
        let secrets = SecretCheck(bakefile, environment: options.environment)
        try secrets.check(git, build)
        let stamp = ContinuousIntegration.stampLabels(git: git, build: build)
        let planned = try await BlockingPool.shared.run {
            let planned = try Planner.plan(
                bakefile,
                images: options.images,
                store: store,
                environment: options.environment,
                refresh: options.refresh,
                stamp: stamp,
                lock: options.lock,
                jobs: options.jobs,
                learn: { try secrets.remember($0, in: store) }
            )
            try secrets.check(planned)
            try Planner.forgetVanishedInputs(of: bakefile, in: store)
            return planned
        }
        // What is wrong with it is said before the images are baked.
        let userData = try await BlockingPool.shared.run { try userDataForTests(of: planned) }
        FreedMemory.giveBack()
        let naming = ImageNaming(recipe: self, git: git)
        try naming.check(planned.images.map(\.image))
        let assembler = ImageAssembler(recipe: self, plan: planned, stamp: stamp)
        let refusal = Mutex<VersionRefused?>(nil)
        let bake = Bake(
            plan: planned,
            bakefile: bakefile,
            store: store,
            options: .init(
                jobs: options.jobs,
                refresh: options.refresh,
                worker: options.worker,
                environment: options.environment
            ),
            recipes: .init(
                importBase: assembler.importBase,
                importWhole: assembler.importWhole,
                findAMI: assembler.findAMI,
                finishImage: assembler.finish,
                engineNames: { image, step in
                    // Its version is in what the machine's Docker calls it, so it is given here and not at the end.
                    var version: String?
                    do {
                        if step.names.isEmpty {
                            version = try await BlockingPool.shared.run { try naming.versions(of: [image])[image.name] }
                        }
                    } catch let refused as VersionRefused {
                        refusal.withLock { $0 = $0 ?? refused }
                        throw refused
                    }
                    return image.image.engineNames(for: step, project: bakefile.project, version: version ?? "")
                },
                archive: assembler.archive,
                findShared: { key, parent in try await shared?.find(key, parent) }
            ),
            events: emit
        )
        let result = try await bake.run()
        if result.failures.count == 1, let refused = refusal.withLock({ $0 }) { throw refused }
        guard result.succeeded else { return Outcome(plan: planned, result: result, release: nil) }
        do {
            let tests = options.tests ? try await test(result.images, userData) : []
            guard tests.allSatisfy(\.failures.isEmpty) else {
                try await BlockingPool.shared.run { try finish(bake, .failed) }
                return Outcome(plan: planned, result: result, release: nil, tests: tests)
            }
            return try await BlockingPool.shared.run {
                let attesting = Attesting(store: store)
                let (sboms, warnings) = try attesting.billsOfMaterials(of: result.images)
                let release = try release(of: result, naming, assembler, build, sboms)
                try attesting.store(release)
                try record(release, result, bake: bake.identifier)
                return Outcome(plan: planned, result: result, release: release, tests: tests, warnings: warnings)
            }
        } catch {
            // The first cause is what the user has to know, not that it cannot be written down either.
            try? finish(bake, .failed)
            throw error
        }
    }

    private func finish(_ bake: Bake, _ status: BakeRecord.Status) throws {
        try store.finishBake(id: bake.identifier, status: status, at: Int64(time(nil)))
    }

    /// What machines find that are booted for their tests, by the names of the images.
    private func userDataForTests(of plan: Plan) throws -> [String: [UInt8]] {
        var userData: [String: [UInt8]] = [:]
        for image in plan.images.map(\.image) where options.tests && image.tests.contains(where: \.check.isLive) {
            userData[image.name] = try bakefile.userData(of: image)
        }
        return userData
    }

    /// Holds each image against its `tests:`.
    private func test(_ images: [LayeredImage], _ userData: [String: [UInt8]]) async throws -> [TestResult] {
        let testing = ImageTesting(
            store: store,
            project: bakefile.project,
            worker: options.worker,
            environment: options.environment
        )
        var results: [TestResult] = []
        for image in images where !image.image.tests.isEmpty {
            do {
                results += try await Waiting.telling("still testing '\(image.name)'") {
                    try await testing.run(image, userData: userData[image.name])
                }
            } catch let error as SandboxError {
                throw cannotTest(image, error.description)
            } catch let error as VirtualMachineError {
                throw cannotTest(image, error.description + (error.remedy.map { "\n  fix: \($0)" } ?? ""))
            } catch let error as MachineDiskError {
                throw cannotTest(image, error.description + (error.remedy.map { "\n  fix: \($0)" } ?? ""))
            } catch let error as DiskError {
                throw cannotTest(image, error.description)
            }
        }
        return results
    }

    private func cannotTest(_ image: LayeredImage, _ why: String) -> CommandFailure {
        CommandFailure(.bakeFailed, message: "the tests of '\(image.name)' cannot run: \(why)")
    }

    /// Names the images, and says what there is: the newest release itself, where only the time would differ.
    private func release(
        of result: BakeResult,
        _ naming: ImageNaming,
        _ assembler: ImageAssembler,
        _ build: ContinuousIntegration?,
        _ sboms: [String: Digest]
    ) throws -> Release {
        let newest = try ReleaseArgument.newest(of: bakefile.project, in: store)?.release
        let before = options.after ?? newest
        let versions = try naming.versions(of: result.images)
        var release = Release(
            project: bakefile.project,
            created: Int64(time(nil)),
            tool: programVersion,
            images: [:],
            sources: try Attesting.sources(of: bakefile),
            variables: Dictionary(bakefile.variables.map { ($0.name, $0.value) }) { _, last in last },
            secrets: bakefile.secrets.map(\.name).sorted(),
            timestamp: try ImageTimestamp.resolve(bakefile, environment: options.environment),
            git: naming.git,
            build: build,
            ledger: try naming.ledger()
        )
        for image in result.images {
            var released = try assembler.released(image, version: versions[image.name] ?? "")
            // Where an identity was put before, it still is.
            if let known = before?.images[image.name], known.identity == released.identity {
                released.placements = known.placements
            }
            release.images[image.name] = released
        }
        let packages = try Attesting(store: store).packageLists(of: release)
        let attested = release.attested(by: sboms, packages: packages)
        if let newest, attested.says(as: newest) { return newest }
        return attested
    }

    /// Keeps the release in the store; the names in its index are the last to change.
    private func record(_ release: Release, _ result: BakeResult, bake: String) throws {
        let blob = try store.putBlob(release.canonicalBytes)
        try store.recordRelease(
            ReleaseRecord(
                digest: release.digest,
                project: release.project,
                createdAt: release.created,
                blob: blob.digest
            )
        )
        try store.recordImages(
            release.images.sorted { $0.key < $1.key }.map { name, image in
                BakedImage(
                    project: release.project,
                    image: name,
                    identity: image.identity,
                    manifest: image.manifest,
                    bakedAt: release.created,
                    release: release.digest
                )
            }
        )
        try store.finishBake(id: bake, status: .done, release: release.digest, at: Int64(time(nil)))
    }
}

extension Release {
    /// Whether only the time differs, and what came of it: a provenance names it, and a push leaves a release of its own.
    fileprivate func says(as other: Release) -> Bool {
        var same = self
        same.created = other.created
        same.parent = other.parent
        for (name, image) in other.images where same.images[name]?.attestations?.sbom == image.attestations?.sbom {
            same.images[name]?.attestations = image.attestations
        }
        return same == other
    }
}
