package import Bakefiles
import Glibc
package import OCI
package import Planning
package import Store
import Synchronization
package import SystemIO
package import SystemPackage

/// One run of a plan: every "will run", no "cached", and of the "depends" those whose parent changed.
///
/// Images run side by side, the steps of one after another; at most `jobs` steps at a time. A failing step stops what
/// depends on it, everything else goes on. Nothing is formatted here: what happens is told as events.
package struct Bake: Sendable {
    /// Brings a base for a platform; the inputs are those of the plan.
    package typealias BringBase =
        @Sendable (Base, Platform, [StepInput], Bakefile, ArtifactStore) async throws -> MadeLayers

    /// What the layers above know how to do.
    package struct Recipes: Sendable {
        /// Brings the layers and the config of a base that exists already: of an OCI layout, an archive, a root tar, or a
        /// registry, whose reference has a digest where it is known what it stands for.
        ///
        /// Of an image for several platforms it is the one for the platform. Throws where an input is not what the plan
        /// digested.
        package var importBase: BringBase
        /// The same of a registry's image of which nothing but its meaning is needed: no layer is brought.
        package var resolveBase: BringBase
        /// The same of a registry's image that is taken along whole: it is an image of the store afterwards.
        package var importWhole: BringBase
        /// Asks EC2 which AMI is meant, for a platform; gives its id.
        package var findAMI: @Sendable (AMIBase, Platform) async throws -> String
        /// Makes the image of its layers.
        package var finishImage: @Sendable (LayeredImage) async throws -> FinishedImage
        /// Gives a finished image its version where it needs one, and what the Docker of a machine is to call it.
        package var engineNames: @Sendable (LayeredImage, PreloadStep) async throws -> [String]
        /// Gives an image of the store as a machine's Docker loads it, under names.
        package var archive: @Sendable (FinishedImage, [String]) async throws -> PreloadedImage
        /// Brings what another machine made under a content key, on top of some layers; nil where nobody did, or where it
        /// cannot be had.
        package var findShared: @Sendable (StepKey, [Digest]) async throws -> MadeLayers?

        package init(
            importBase: @escaping BringBase,
            resolveBase: BringBase? = nil,
            importWhole: @escaping BringBase,
            findAMI: @escaping @Sendable (AMIBase, Platform) async throws -> String,
            finishImage: @escaping @Sendable (LayeredImage) async throws -> FinishedImage,
            engineNames: @escaping @Sendable (LayeredImage, PreloadStep) async throws -> [String],
            archive: @escaping @Sendable (FinishedImage, [String]) async throws -> PreloadedImage,
            findShared: @escaping @Sendable (StepKey, [Digest]) async throws -> MadeLayers? = { _, _ in nil }
        ) {
            self.importBase = importBase
            self.resolveBase = resolveBase ?? importBase
            self.importWhole = importWhole
            self.findAMI = findAMI
            self.finishImage = finishImage
            self.engineNames = engineNames
            self.archive = archive
            self.findShared = findShared
        }
    }

    package struct Options: Sendable {
        /// Steps at a time.
        package var jobs: Int
        package var refresh: Bool
        /// Whether it bakes to learn what moving references mean: then a result counts only where it is known what it is
        /// made of, and the next plan compares with the bake before.
        package var onlyResolves: Bool
        /// The program that runs as `sandbox-worker`.
        package var worker: FilePath
        /// The environment of the process, for declared secrets and nothing else.
        package var environment: [String: String]

        package init(
            jobs: Int,
            refresh: Bool = false,
            onlyResolves: Bool = false,
            worker: FilePath,
            environment: [String: String]
        ) {
            self.jobs = max(1, jobs)
            self.refresh = refresh
            self.onlyResolves = onlyResolves
            self.worker = worker
            self.environment = environment
        }
    }

    let plan: Plan
    let bakefile: Bakefile
    let store: ArtifactStore
    let options: Options
    let recipes: Recipes
    let emit: @Sendable (BakeEvent) -> Void
    /// Bakes of this process so far: there may be several in a second.
    private static let count = Atomic(0)
    /// Names the bake in the store: its start and the process.
    package let identifier: String

    package init(
        plan: Plan,
        bakefile: Bakefile,
        store: ArtifactStore,
        options: Options,
        recipes: Recipes,
        events: @escaping @Sendable (BakeEvent) -> Void
    ) {
        self.plan = plan
        self.bakefile = bakefile
        self.store = store
        self.options = options
        self.recipes = recipes
        self.emit = events
        let earlier = Self.count.add(1, ordering: .relaxed).oldValue
        self.identifier = "\(currentSeconds())-\(getpid())" + (earlier > 0 ? "-\(earlier)" : "")
    }

    /// Runs the plan to its end, or until the task is cancelled, which stops every child.
    package func run() async throws -> BakeResult {
        emit(.started(plan: plan, jobs: options.jobs))
        let results = ImageResults()
        let executor = StepExecutor(bake: self, slots: Slots(options.jobs))
        // While this is held nothing may be collected.
        let announcement = try store.announceBake()
        defer { announcement.release() }
        try await removeStaleWork()
        try store.beginBake(id: identifier, project: plan.project, at: currentSeconds())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for image in plan.images {
                group.addTask {
                    let outcome = await bake(image, results, executor)
                    await results.set(image.name, outcome)
                }
            }
            while try await group.next() != nil {
                if executor.obstacle.value != nil { group.cancelAll() }
            }
        }
        let outcomes = await results.all
        let result = BakeResult(
            images: plan.images.compactMap { image in
                if case .baked(let baked) = outcomes[image.name] { baked } else { nil }
            },
            failures: plan.images.compactMap { image in
                if case .failed(let partial, let step, let failure) = outcomes[image.name] {
                    .init(step: step, failure: failure, image: partial)
                } else {
                    nil
                }
            },
            skipped: plan.images.compactMap { image in
                if case .skipped(let partial, _) = outcomes[image.name] { partial } else { nil }
            }
        )
        if executor.obstacle.value != nil {
            // The first cause is what the user has to know, not that it cannot be written down either.
            try? recordSteps(result)
            try? store.finishBake(id: identifier, status: .failed, at: currentSeconds())
            emit(.finished(succeeded: false))
            return result
        }
        if !options.onlyResolves { try recordSteps(result) }
        if Task.isCancelled {
            try store.finishBake(id: identifier, status: .interrupted, at: currentSeconds())
            emit(.interrupted)
            throw CancellationError()
        }
        if !result.succeeded { try store.finishBake(id: identifier, status: .failed, at: currentSeconds()) }
        emit(.finished(succeeded: result.succeeded))
        return result
    }

    private func bake(_ planned: PlannedImage, _ results: ImageResults, _ executor: StepExecutor) async -> ImageOutcome
    {
        var image = LayeredImage(planned: planned, layers: [], baseConfig: nil, steps: [])
        if case .image(let name) = planned.image.base {
            switch await results.outcome(of: name) {
            case .baked(let base):
                image.layers = base.layers
                image.base = base.name
                image.baseLayerCount = base.layers.count
            case .failed(_, let cause, _), .skipped(_, let cause):
                return skip(planned.steps[...], of: image, because: cause)
            }
        }
        for member in planned.image.members {
            switch await results.outcome(of: member.image) {
            case .baked(let baked): image.members.append(baked)
            case .failed(_, let cause, _), .skipped(_, let cause):
                return skip(planned.steps[...], of: image, because: cause)
            }
        }
        for (index, step) in planned.steps.enumerated() {
            let name = StepName(image: planned.name, address: step.address)
            var source: LayeredImage?
            // Waited for here and not before, so that the steps before a copy need not.
            if let other = step.work.sourceImage {
                switch await results.outcome(of: other) {
                case .baked(let baked): source = baked
                case .failed(_, let cause, _), .skipped(_, let cause):
                    return skip(planned.steps[index...], of: image, because: cause)
                }
            }
            let started = ContinuousClock.now
            do {
                let done = try await executor.perform(
                    step,
                    name: name,
                    on: image.layers,
                    from: try await taken(from: source, by: step.work),
                    needsContent: !onlyResolves(planned)
                )
                image.append(step, done)
                emit(.stepFinished(name, done.outcome))
            } catch let twin as FailedTwin {
                return skip(planned.steps[index...], of: image, because: twin.step)
            } catch {
                let obstacle = Task.isCancelled ? nil : Obstacle(error, in: store)
                let failure = executor.failure(
                    obstacle ?? error,
                    of: name,
                    seconds: (ContinuousClock.now - started).inSeconds
                )
                if let obstacle, !executor.obstacle.claim(obstacle) { return .failed(image, name, failure) }
                if !Task.isCancelled {
                    emit(.stepFailed(name, failure))
                    tellSkipped(planned.steps[(index + 1)...], of: image, because: name)
                }
                return .failed(image, name, failure)
            }
        }
        do {
            let finished = try await recipes.finishImage(image)
            image.finished = finished
            emit(
                .imageFinished(
                    name: image.name,
                    identity: finished.identity,
                    layerCount: image.layerCount,
                    size: image.size
                )
            )
            return .baked(image)
        } catch {
            let name = StepName(image: planned.name, address: PlannedConfig.address)
            let obstacle = Task.isCancelled ? nil : Obstacle(error, in: store)
            let failure = executor.failure(obstacle ?? error, of: name, seconds: 0)
            if let obstacle, !executor.obstacle.claim(obstacle) { return .failed(image, name, failure) }
            if !Task.isCancelled { emit(.stepFailed(name, failure)) }
            return .failed(image, name, failure)
        }
    }

    private func taken(from image: LayeredImage?, by work: PlannedStep.Work) async throws -> TakenImage? {
        guard let image else { return nil }
        guard let step = work.preload else { return .layers(image.layers) }
        guard let finished = image.finished else { preconditionFailure("only a finished image is taken along") }
        let names = try await recipes.engineNames(image, step)
        let archive = try await recipes.archive(finished, names)
        return .whole(archive, key: step.key(identity: finished.identity, names: names))
    }

    /// Whether nothing of an image is asked for but what its base means: no step stands on it, and no other image.
    private func onlyResolves(_ planned: PlannedImage) -> Bool {
        options.onlyResolves && planned.steps.count == 1
            && !plan.images.contains { $0.image.neededImages.contains(planned.name) }
    }

    private func skip(_ steps: ArraySlice<PlannedStep>, of image: LayeredImage, because cause: StepName) -> ImageOutcome
    {
        tellSkipped(steps, of: image, because: cause)
        return .skipped(image, because: cause)
    }

    private func tellSkipped(_ steps: ArraySlice<PlannedStep>, of image: LayeredImage, because cause: StepName) {
        for step in steps { emit(.stepSkipped(StepName(image: image.name, address: step.address), because: cause)) }
    }
}
