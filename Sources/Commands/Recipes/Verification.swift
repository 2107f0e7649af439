import Bakefiles
import Baking
import ContainerImages
import Glibc
import Layers
import Reporting
import Rollouts
import Sandbox
import Store
import SystemIO
import SystemPackage

/// `bake --verify`: a second bake from nothing, in a store that is gone afterwards, held against the first.
///
/// Nothing of the first bake is used but downloaded packages, which are verified by digest whenever they are used.
struct Verification: Sendable {
    let first: BakeRecipe
    let release: Release

    /// What differs, a line each; empty where every layer and every image is the same.
    ///
    /// `bake` runs the second recipe; nil where a step of it failed.
    func differences(bake: (BakeRecipe) async throws -> Release?) async throws -> [String] {
        let folder = try first.store.makeWorkFolder("verify")
        let result: Result<[String], any Error>
        do {
            result = .success(try await compare(in: folder.path.appending("store"), bake: bake))
        } catch {
            result = .failure(error)
        }
        // Unpacked roots of an ordinary user's bake belong to sub-ids.
        try await Task { [worker = first.options.worker, path = folder.path.appending("store")] in
            try await StepSandbox.remove([path], worker: worker)
        }.value
        return try result.get()
    }

    private func compare(in path: FilePath, bake: (BakeRecipe) async throws -> Release?) async throws -> [String] {
        let store = try ArtifactStore.open(at: path, mode: .readWrite)
        try shareDownloads(with: store)
        var options = first.options
        // A machine image knows the containers that it brings along by their versions, so these are the same.
        let namesContainers = first.bakefile.images.contains { $0.steps.contains(where: \.takesVersion) }
        options.after = namesContainers ? release : nil
        options.isFirst = !namesContainers
        options.sharing = SharedSteps.Places()
        options.tests = false
        let recipe = BakeRecipe(bakefile: first.bakefile, store: store, options: options, emit: first.emit)
        guard let second = try await bake(recipe) else {
            return ["the second bake failed, and the first did not"]
        }
        return try await BlockingPool.shared.run {
            try release.images.sorted { $0.key < $1.key }.flatMap { name, image in
                try differences(of: name, image, second.images[name], in: store)
            }
        }
    }

    /// Downloaded packages do not have to be downloaded again.
    private func shareDownloads(with store: ArtifactStore) throws {
        let place: FilePath = "apt/packages"
        let own = first.store.cacheFolder.appending(place.components)
        guard Files.exists(own) else { return }
        let target = store.cacheFolder.appending(place.components)
        try Files.makeFolder(target)
        for name in try Files.names(in: own) where Digest(hex: name.string) != nil {
            // What cannot be linked is downloaded.
            _ = own.appending(name).withPlatformString { old in
                target.appending(name).withPlatformString { link(old, $0) }
            }
        }
    }

    private func differences(
        of name: String,
        _ old: ReleasedImage,
        _ new: ReleasedImage?,
        in store: ArtifactStore
    ) throws -> [String] {
        guard let new else { return ["\(name): is not there"] }
        // Those that an image for several platforms is made of are compared themselves.
        if old.identity == new.identity || !old.platforms.isEmpty { return [] }
        if let (before, now) = old.base.ami.flatMap({ before in new.base.ami.map { (before, $0) } }), before != now {
            return ["\(name): starts from \(now), and started from \(before)"]
        }
        guard old.layers.map(\.step) == new.layers.map(\.step) else { return ["\(name): has other steps"] }
        let lines = try zip(old.layers, new.layers).filter { $0.diffID != $1.diffID }.flatMap { left, right in
            try LayerComparison(left.diffID, in: first.store, right.diffID, in: store)
                .lines(of: "\(name):\(left.step)")
        }
        return lines.isEmpty ? ["\(name): the same layers, and another config"] : lines
    }
}

extension Step {
    /// Whether its result has the version of an image in it.
    fileprivate var takesVersion: Bool {
        if case .preload(let step) = action { step.image != nil && step.names.isEmpty } else { false }
    }
}
