import Bakefiles
import Diagnostics
import Layers
import OCI
import Planning
import Store
import Synchronization
import SystemIO
import SystemPackage

/// Runs steps: looks for the result, takes the lock of the key, makes the layer, and puts it into the store.
struct StepExecutor: Sendable {
    /// What a step left, and how it came to it.
    struct Done: Sendable {
        let contentKey: StepKey
        let result: StoredResult
        let outcome: StepOutcome
        /// What the result is made of, where that was asked of something that moves and is known.
        let resolution: Lock.Entry?
    }

    let bake: Bake
    let slots: Slots
    let layers: LayerCatalog
    let records: StoreRecords
    /// Steps that `--refresh` ran in this bake, which are fresh for their twins.
    let refreshed: RefreshedKeys
    /// Steps that failed in this bake, which need not fail again for their twins.
    private let failed: FailedKeys
    let logs: StepLogs
    /// What must be in no log, no message and no layer.
    let secrets: DeclaredSecrets
    /// What no step is to blame for.
    let obstacle = FirstObstacle()

    init(bake: Bake, slots: Slots) {
        self.bake = bake
        self.slots = slots
        self.layers = LayerCatalog(store: bake.store)
        self.records = StoreRecords(store: bake.store, project: bake.plan.project)
        self.refreshed = RefreshedKeys()
        self.failed = FailedKeys()
        self.secrets = DeclaredSecrets(of: bake.bakefile, environment: bake.options.environment)
        self.logs = StepLogs(folder: bake.store.logsFolder.appending(bake.identifier))
    }

    /// Gives the step's result on top of `parent`, from the store where it has it.
    ///
    /// Throws `FailedTwin` where the same step of another image failed before. Where nobody needs the content of a registry's
    /// image, what is not there is not fetched: the result has no layers then, and is not kept.
    func perform(
        _ step: PlannedStep,
        name: StepName,
        on parent: [Digest],
        from source: TakenImage?,
        needsContent: Bool = true
    ) async throws -> Done {
        let key = StepKey(definition: step.definitionKey, parent: parent, others: source.map { [$0.key] } ?? [])
        let started = ContinuousClock.now
        @Sendable func done(
            _ result: StoredResult,
            _ origin: StepOutcome.Origin,
            _ resolution: Lock.Entry? = nil
        ) throws -> Done {
            let outcome = StepOutcome(
                origin: origin,
                reason: step.reason,
                layers: result.layers,
                size: result.byteSize,
                seconds: (ContinuousClock.now - started).inSeconds
            )
            let known = step.isUnpinned ? try records.resolution(of: key.digest) : step.reference?.locked
            return Done(contentKey: key, result: result, outcome: outcome, resolution: resolution ?? known)
        }
        try Task.checkCancellation()
        if try !mustRun(step, key), let result = try records.result(for: key) { return try done(result, .cached) }
        let lock = try await acquire(key, name)
        defer { lock.release() }
        if try !mustRun(step, key), let result = try records.result(for: key) { return try done(result, .reused) }
        if let first = failed.step(of: key) { throw FailedTwin(step: first) }
        do {
            return try await slots.use {
                if let made = try await shared(step, key, on: parent) {
                    return try done(try record(made, of: step, under: key), .shared)
                }
                bake.emit(.stepStarted(name))
                if let made = try await resolved(step, name: name, needsContent: needsContent) {
                    return try done(made.unkept(of: step, under: key), .ran, made.resolution)
                }
                let made = try await execute(step, name: name, on: parent, from: source)
                let result = try record(made, of: step, under: key)
                if bake.options.refresh { refreshed.insert(key) }
                return try done(result, .ran)
            }
        } catch {
            if !Task.isCancelled { failed.insert(key, name) }
            throw error
        }
    }

    /// What a step means whose layers nobody asks for: a registry's image that nothing stands on, or what Docker is to have,
    /// in a bake that only resolves; else nil.
    private func resolved(_ step: PlannedStep, name: StepName, needsContent: Bool) async throws -> MadeLayers? {
        if !needsContent, case .base(let base) = step.work, case .registry = base {
            return try await importBase(base, step, name: name, by: bake.recipes.resolveBase)
        }
        guard bake.options.onlyResolves, let preload = step.work.preload else { return nil }
        guard let base = preload.base else { return MadeLayers(layers: [], config: nil) }
        return try await importBase(base, step, name: name, by: bake.recipes.resolveBase)
    }

    /// What another machine made of the step, as long as that is what is asked for.
    private func shared(_ step: PlannedStep, _ key: StepKey, on parent: [Digest]) async throws -> MadeLayers? {
        if step.isUnpinned, bake.options.refresh || bake.options.onlyResolves { return nil }
        if step.work.isVerified || step.isStaged || step.work.isAMI { return nil }
        return try await bake.recipes.findShared(key, parent)
    }

    /// Keeps a result, and before it what it is made of: one that is there has this too.
    private func record(_ made: MadeLayers, of step: PlannedStep, under key: StepKey) throws -> StoredResult {
        if let resolution = made.resolution, step.isUnpinned {
            try bake.store.putResolution(Array(Lock(entries: [resolution]).text.utf8), for: key.digest)
        }
        return try bake.store.recordStepResult(
            contentKey: key.digest,
            definitionKey: step.definitionKey.digest,
            layers: made.layers,
            baseConfig: made.config,
            at: currentSeconds()
        )
    }

    private func mustRun(_ step: PlannedStep, _ key: StepKey) throws -> Bool {
        guard step.isUnpinned else { return false }
        if bake.options.refresh { return !refreshed.contains(key) }
        return try bake.options.onlyResolves && records.resolution(of: key.digest) == nil
    }

    /// The lock of a step key, which another bake, or another image of this one, may hold for a while.
    func acquire(_ key: StepKey, _ name: StepName) async throws -> FileLock {
        if let lock = try bake.store.tryLock(stepKey: key.digest) { return lock }
        bake.emit(.stepWaiting(name))
        return try await FileLock.polled { try bake.store.tryLock(stepKey: key.digest) }
    }

    private func execute(
        _ step: PlannedStep,
        name: StepName,
        on parent: [Digest],
        from source: TakenImage?
    ) async throws -> MadeLayers {
        switch step.work {
        case .base(let base): try await makeBase(base, step, name: name)
        case .step(let action):
            if case .preload(let preload) = action.action, let base = preload.base {
                try await self.preload(base, action, preload, step, name: name, on: parent)
            } else if action.action.needsSandbox, step.isStaged {
                // Its bundle follows from its definition; what it comes to is known on the machine only.
                MadeLayers(layers: [], config: nil)
            } else if action.action.needsSandbox {
                try await runInSandbox(action, step, name: name, on: parent)
            } else {
                try await BlockingPool.shared.run { cancellation in
                    let layer = try draftLayer(
                        action.action,
                        step,
                        // Of what the machine has nothing is known here.
                        on: step.isStaged ? [] : parent,
                        from: source,
                        cancellation: cancellation
                    )
                    return MadeLayers(layers: [layer], config: nil)
                }
            }
        }
    }

    /// What a thrown error means to the person who wrote the step.
    func failure(_ error: any Error, of name: StepName, seconds: Double) -> StepFailure {
        let message =
            switch error {
            case let obstacle as Obstacle: obstacle.description
            case let error as InvalidInput: error.description
            case is CancellationError: "interrupted"
            default: "\(error)"
            }
        return StepFailure(message: secrets.bytes.masked(message), log: logs.existing(name), seconds: seconds)
    }
}

extension MadeLayers {
    /// A result that is in no store.
    fileprivate func unkept(of step: PlannedStep, under key: StepKey) -> StoredResult {
        StoredResult(
            contentKey: key.digest,
            definitionKey: step.definitionKey.digest,
            layers: layers,
            baseConfig: config,
            byteSize: 0,
            createdAt: currentSeconds()
        )
    }
}

/// Content keys, shared by the steps of a bake.
final class RefreshedKeys: Sendable {
    private let keys = Mutex<Set<StepKey>>([])

    func insert(_ key: StepKey) { _ = keys.withLock { $0.insert(key) } }

    func contains(_ key: StepKey) -> Bool { keys.withLock { $0.contains(key) } }
}

/// The steps that failed, by their content keys.
final class FailedKeys: Sendable {
    private let steps = Mutex<[StepKey: StepName]>([:])

    func insert(_ key: StepKey, _ step: StepName) { steps.withLock { $0[key] = step } }

    func step(of key: StepKey) -> StepName? { steps.withLock { $0[key] } }
}

/// The same step failed in another image.
struct FailedTwin: Error {
    let step: StepName
}
