import Bakefiles
import OCI
import Planning
import Store
import SystemIO

extension StepExecutor {
    /// Brings a base that exists already.
    ///
    /// A registry's image is the one that the lock has, else the one that it was found to be before, else what the registry has
    /// now; `--refresh` asks again. `bring` fetches it, or only looks.
    func importBase(
        _ base: Base,
        _ planned: PlannedStep,
        name: StepName,
        by bring: Bake.BringBase
    ) async throws -> MadeLayers {
        let platform = planned.definition.platform
        guard case .registry(var reference, let keys) = base, reference.digest == nil, let asked = planned.reference
        else {
            return try await bring(base, platform, planned.inputs, bake.bakefile, bake.store)
        }
        if let locked = asked.locked?.image {
            reference.digest = locked
            let pinned = Base.registry(reference, verify: keys)
            return try await bring(pinned, platform, planned.inputs, bake.bakefile, bake.store)
        }
        let key = StepKey(asked.request)
        let turn = try await acquire(key, name)
        defer { turn.release() }
        let isFresh = bake.options.refresh && !refreshed.contains(key)
        let kept = isFresh ? nil : try records.resolution(of: asked.request)
        if let digest = kept?.image { reference.digest = digest }
        let pinned = Base.registry(reference, verify: keys)
        let made = try await bring(pinned, platform, planned.inputs, bake.bakefile, bake.store)
        guard let entry = made.entry else { return made }
        var result = made
        let resolution =
            kept
            ?? Lock.Entry(
                steps: [name.description],
                request: asked.request,
                architecture: planned.definition.architecture,
                resolved: currentSeconds(),
                content: .image(entry)
            )
        if kept == nil {
            try bake.store.putResolution(Array(Lock(entries: [resolution]).text.utf8), for: asked.request)
            refreshed.insert(key)
        }
        result.resolution = resolution
        return result
    }

    /// Says which AMI an image starts from, as its one result: what stands on it has another key where that is another one.
    ///
    /// It is the one that the lock has, and nobody is asked; else the one that it was found to be before, else what EC2 has
    /// now; `--refresh` asks again.
    func findAMI(_ base: AMIBase, _ planned: PlannedStep, name: StepName) async throws -> MadeLayers {
        guard let asked = planned.reference else { preconditionFailure("an AMI is asked for") }
        if let locked = asked.locked?.ami { return try await keep(locked, of: base) }
        let key = StepKey(asked.request)
        let turn = try await acquire(key, name)
        defer { turn.release() }
        let isFresh = bake.options.refresh && !refreshed.contains(key)
        if !isFresh, let kept = try records.resolution(of: asked.request), let id = kept.ami {
            return try await keep(id, of: base, kept)
        }
        let id = try await bake.recipes.findAMI(base, planned.definition.platform)
        let resolution = Lock.Entry(
            steps: [name.description],
            request: asked.request,
            architecture: planned.definition.architecture,
            resolved: currentSeconds(),
            content: .ami(id)
        )
        try bake.store.putResolution(Array(Lock(entries: [resolution]).text.utf8), for: asked.request)
        refreshed.insert(key)
        return try await keep(id, of: base, resolution)
    }

    private func keep(_ id: String, of base: AMIBase, _ resolution: Lock.Entry? = nil) async throws -> MadeLayers {
        try await BlockingPool.shared.run {
            let document = JSONValue.object(["ami": .string(id), "region": .string(base.region)])
            let blob = try bake.store.putBlob(document.canonicalBytes)
            return MadeLayers(layers: [blob.digest], config: document, resolution: resolution)
        }
    }

    /// Makes the layer with a container image of a registry, for the machine's Docker.
    func preload(
        _ base: Base,
        _ action: Step,
        _ preload: PreloadStep,
        _ planned: PlannedStep,
        name: StepName,
        on parent: [Digest]
    ) async throws -> MadeLayers {
        guard case .registry(let reference, _) = base else { preconditionFailure("'\(base.title)' is no registry's") }
        let made = try await importBase(base, planned, name: name, by: bake.recipes.importWhole)
        guard let image = made.image else { preconditionFailure("what is taken along whole is an image") }
        let names = preload.engineNames(of: reference)
        let archived = try await bake.recipes.archive(image, names)
        return try await BlockingPool.shared.run { cancellation in
            let source = TakenImage.whole(archived, key: [])
            let layer = try draftLayer(action.action, planned, on: parent, from: source, cancellation: cancellation)
            return MadeLayers(layers: [layer], config: nil, resolution: made.resolution, entry: made.entry)
        }
    }
}
