import Bakefiles
import Baking
import Diagnostics
import Glibc
import OCI
import Planning
import Store
import SystemIO
import SystemPackage

/// From a Bakefile to a lock: bake what moves and is not locked, and write down what it came to.
struct LockRecipe: Sendable {
    /// What is resolved though the lock has it.
    enum Update: Sendable, Hashable {
        case nothing
        case everything
        /// The entries of these images, and nothing else: what others lack is a mistake.
        case images([String])
    }

    let bakefile: Bakefile
    let store: ArtifactStore
    /// The one that is there.
    let lock: Lock?
    let update: Update
    let jobs: Int
    let worker: FilePath
    let environment: [String: String]
    /// Registries that are spoken to in plain HTTP.
    var insecure: [String] = []

    /// Gives the new lock; nil where a step failed.
    func run(events: @escaping @Sendable (BakeEvent) -> Void) async throws -> Lock? {
        if case .images(let names) = update { try bakefile.requireImages(names) }
        let (kept, renewed) = try keptEntries()
        var use = Planner.LockUse.partial
        if case .images = update { use = .requiredExcept(renewed) }
        let plan: Plan = try await BlockingPool.shared.run { [use] in try self.makePlan(pinnedBy: kept, use) }
        let moving: Plan = plan.keepingWhatMoves
        var answers: [String: Lock.Entry] = [:]
        if moving.images.contains(where: { $0.steps.contains(where: \.isUnpinned) }) {
            let result = try await bake(moving, events)
            guard result.succeeded else { return nil }
            for image in result.images {
                for step in image.steps { answers["\(image.name):\(step.planned.address)"] = step.resolution }
            }
        }
        return try merge(kept, answers, plan)
    }

    /// The entries that go on to count: asked for, and not to be updated; those of other architectures are as they are.
    ///
    /// With them come the requests that are to be resolved anew.
    private func keptEntries() throws -> (kept: Lock, renewed: Set<Digest>) {
        let check = LockCheck(bakefile: bakefile, environment: environment)
        let asked = try check.references(architecture: Platform.host.architectureName, lock: nil, .partial)
        let renewed = Set(asked.filter { renews($0.name) }.map(\.request))
        guard let lock else { return (Lock(entries: []), renewed) }
        let unused = Set(try check.unused(in: lock).map(\.request))
        let kept = lock.entries.filter { !unused.contains($0.request) && !renewed.contains($0.request) }
        return (Lock(entries: kept), renewed)
    }

    private func renews(_ step: String) -> Bool {
        switch update {
        case .nothing: false
        case .everything: true
        // With an image for several platforms come those that it is made of.
        case .images(let names): names.contains { step.hasPrefix("\($0):") || step.hasPrefix("\($0)@") }
        }
    }

    private func makePlan(pinnedBy kept: Lock, _ use: Planner.LockUse) throws -> Plan {
        let secrets = SecretCheck(bakefile, environment: environment)
        let planned = try Planner.plan(
            bakefile,
            store: store,
            environment: environment,
            refresh: update != .nothing,
            lock: kept,
            lockUse: use,
            learn: { try secrets.remember($0, in: store) }
        )
        try secrets.check(planned)
        try Planner.forgetVanishedInputs(of: bakefile, in: store)
        return planned
    }

    private func bake(_ plan: Plan, _ events: @escaping @Sendable (BakeEvent) -> Void) async throws -> BakeResult {
        let recipe = BakeRecipe(
            bakefile: bakefile,
            store: store,
            options: .init(jobs: jobs, worker: worker, environment: environment, insecure: insecure),
            emit: events
        )
        let assembler = ImageAssembler(recipe: recipe, plan: plan, stamp: [:])
        let bake = Bake(
            plan: plan,
            bakefile: bakefile,
            store: store,
            options: .init(
                jobs: jobs,
                refresh: update != .nothing,
                onlyResolves: true,
                worker: worker,
                environment: environment
            ),
            // What is baked ends with the last step that moves, so there is no image to be finished.
            recipes: .init(
                importBase: assembler.importBase,
                resolveBase: assembler.resolveBase,
                importWhole: assembler.importWhole,
                findAMI: assembler.findAMI,
                finishImage: { FinishedImage(identity: $0.layersDigest, manifest: $0.layersDigest) },
                // No package asks for what Docker has.
                engineNames: { _, step in [step.title] },
                archive: { image, names in
                    PreloadedImage(
                        identity: image.identity,
                        manifest: image.manifest,
                        names: names,
                        documents: [],
                        blobs: []
                    )
                }
            ),
            events: events
        )
        let result = try await bake.run()
        if result.succeeded { try store.finishBake(id: bake.identifier, status: .done, at: Int64(time(nil))) }
        return result
    }

    /// One entry a request, with the names of all steps that make it.
    private func merge(_ kept: Lock, _ answers: [String: Lock.Entry], _ plan: Plan) throws -> Lock {
        var entries: [Digest: Lock.Entry] = [:]
        let asked = Set(plan.images.flatMap(\.steps).compactMap { $0.reference?.request })
        // What is left of those that count is for machines of other architectures.
        for entry in kept.entries where !asked.contains(entry.request) { entries[entry.request] = entry }
        for image in plan.images {
            for step in image.steps {
                guard let reference = step.reference else { continue }
                let name = "\(image.name):\(step.address)"
                if var known = entries[reference.request] {
                    known.steps.append(name)
                    entries[reference.request] = known
                    continue
                }
                var entry = reference.locked ?? answers[name]
                if entry == nil, let found = reference.found {
                    entry = Lock.Entry(
                        steps: [],
                        request: reference.request,
                        architecture: step.definition.architecture,
                        resolved: Int64(time(nil)),
                        content: .image(found)
                    )
                }
                guard var entry else { throw CommandFailure(.internalError, message: "'\(name)' was not resolved") }
                entry.steps = [name]
                entry.request = reference.request
                entry.place = nil
                entries[reference.request] = entry
            }
        }
        let sorted = entries.values.map { entry in
            var entry = entry
            entry.steps.sort()
            return entry
        }
        return Lock(entries: sorted)
    }
}

extension Plan {
    /// Of each image the steps up to the last one that moves; all of those that another one needs.
    fileprivate var keepingWhatMoves: Plan {
        var needed: Set<String> = []
        var images: [PlannedImage] = []
        for planned in self.images.reversed() {
            var steps = planned.steps
            if !needed.contains(planned.name) {
                let last = steps.lastIndex(where: \.isUnpinned)
                steps = last.map { Array(steps[...$0]) } ?? []
            }
            if steps.isEmpty, !needed.contains(planned.name) { continue }
            var image = planned.image
            let addresses = Set(steps.map(\.address))
            image.steps.removeAll { !addresses.contains($0.address) }
            needed.formUnion(image.neededImages)
            images.append(PlannedImage(image: image, steps: steps))
        }
        return Plan(project: project, timestamp: timestamp, architecture: architecture, images: images.reversed())
    }
}

extension LayeredImage {
    /// Stands for an image that is not finished.
    fileprivate var layersDigest: Digest {
        Digester.digest(of: JSONValue.strings(layers.map(\.description)).canonicalBytes)
    }
}
