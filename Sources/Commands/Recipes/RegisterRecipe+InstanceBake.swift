import AWS
import Bakefiles
import ContainerImages
import MachineImages
import OCI
import Rollouts
import Store
import SystemIO

extension RegisterRecipe {
    /// Bakes the image on a machine of each of the regions, which are the one that others get copies from, or none.
    func bakeOnInstance(
        _ registration: ImageRegistration,
        _ target: Target,
        _ builder: BuilderInstance,
        _ image: ReleasedImage,
        in regions: [PreparedRegion]
    ) async throws -> [String: Result<PlacedImage, any Error>] {
        try await inEach(keyed(regions, by: \.name)) { place in
            try await bake(registration, target, builder, image, in: place)
        }
    }

    private func bake(
        _ registration: ImageRegistration,
        _ target: Target,
        _ builder: BuilderInstance,
        _ image: ReleasedImage,
        in place: PreparedRegion
    ) async throws -> PlacedImage {
        let staged = try await BlockingPool.shared.run {
            let stored = try StoredImage(manifest: image.manifest, in: store)
            let label = stored.config.execution.labels[ImageAssembly.machineLabel] ?? ""
            guard try JSONValue.parse(Array(label.utf8))["builder"]?["ami"] == builder.source.json else {
                throw InstanceBakeError.notReady(
                    region: place.name,
                    ["the release's image starts from another AMI than the Bakefile says: bake it again"]
                )
            }
            return try StepBundles.staged(of: image.identity, project: release.project, name: target.image, in: store)
        }
        let source = try await builder.source.resolved(
            with: session,
            in: place.name,
            architecture: staged.architecture
        )
        var tagged = registration
        tagged.tags.append(Tag(key: "ovenbird:source", value: source))
        let machine = BuilderMachine(
            profile: builder.profile,
            bucket: builder.bucket,
            subnet: builder.subnet,
            securityGroups: builder.securityGroups,
            types: builder.types,
            isSpot: builder.isSpot,
            deadline: builder.deadline
        )
        return try await InstanceBake(tagged, on: machine, from: source, bundles: staged.bundles, in: place).run()
    }
}
