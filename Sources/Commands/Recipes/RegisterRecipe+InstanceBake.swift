import AWS
import Bakefiles
import ContainerImages
import MachineImages
import OCI
import Rollouts
import Store
import SystemIO

extension RegisterRecipe {
    /// Bakes the image on a machine of EC2 in each of the regions, which are the one that others get copies from, or none.
    func bakeOnInstance(
        _ registration: ImageRegistration,
        _ target: Target,
        _ builder: BuilderInstance,
        _ image: ReleasedImage,
        in regions: [PreparedRegion]
    ) async throws -> [String: Result<PlacedImage, any Error>] {
        try await inEach(keyed(regions, by: \.name)) { place in
            try await instanceBake(registration, target, builder, image, in: place).run()
        }
    }

    /// What the release's image needs to be baked in a region.
    private func instanceBake(
        _ registration: ImageRegistration,
        _ target: Target,
        _ builder: BuilderInstance,
        _ image: ReleasedImage,
        in place: PreparedRegion
    ) async throws -> InstanceBake {
        let staged = try await BlockingPool.shared.run {
            guard try stated(of: image) == builder.source.json else {
                throw InstanceBakeError.notReady(
                    region: place.name,
                    ["the release's image starts from another AMI than the Bakefile says: bake it again"]
                )
            }
            return try StepBundles.staged(
                of: image.identity,
                project: release.project,
                name: target.image,
                in: store
            )
        }
        let source = try await builder.source.resolved(
            with: session,
            in: place.name,
            architecture: staged.architecture
        )
        var tagged = registration
        tagged.tags.append(Tag(key: "ovenbird:source", value: source))
        return InstanceBake(tagged, on: builder, from: source, applying: staged, in: place)
    }

    /// What would be done in each region of an image that is baked on a machine.
    func preview(
        _ registration: ImageRegistration,
        _ target: Target,
        _ builder: BuilderInstance,
        _ image: ReleasedImage,
        in regions: [String: Result<(region: PreparedRegion, placed: PlacedImage?), any Error>]
    ) async throws -> [String: Result<RegistrationPreview, any Error>] {
        try await inEach(regions) { result in
            let (place, known) = try result.get()
            if registration.isCopied(in: place.name) { return try await registration.preview(known, in: place) }
            if let placed = try await registration.existing(in: place) {
                return try await registration.preview(placed, in: place)
            }
            return try await instanceBake(registration, target, builder, image, in: place).preview()
        }
    }

    /// Throws where an image was baked for a machine of EC2: that is another one than its own layers.
    func checkLayers(of image: ReleasedImage, named name: String) throws {
        if try stated(of: image) != nil {
            throw RegistrationError.unfit(
                "the release has '\(name)' for a machine of EC2, and the Bakefile has no 'builder' for it",
                fix: "write the 'builder' that it was baked with, or bake it again"
            )
        }
    }

    /// The AMI that an image stands on as it was stated when it was baked; nil for one that stands on its own layers.
    private func stated(of image: ReleasedImage) throws -> JSONValue? {
        let stored = try StoredImage(manifest: image.manifest, in: store)
        let label = stored.config.execution.labels[ImageAssembly.machineLabel] ?? "{}"
        return try JSONValue.parse(Array(label.utf8))["builder"]?["ami"]
    }
}
