import AWS
import Bakefiles
import ContainerImages
import MachineImages
import OCI
import Rollouts
import Store
import SystemIO

extension RegisterRecipe {
    /// Bakes the image on a machine of its first region, and copies the AMI into the others.
    func bakeOnInstance(
        _ registration: ImageRegistration,
        _ target: Target,
        _ builder: BuilderInstance,
        _ image: ReleasedImage
    ) async throws -> [String: Result<ImageRegistration.Placed, any Error>] {
        guard let home = target.regions.first else { preconditionFailure("an image is registered somewhere") }
        let made: ImageRegistration.Placed
        do {
            made = try await bake(registration, target, builder, image, in: home)
        } catch {
            try Task.checkCancellation()
            return Dictionary(uniqueKeysWithValues: target.regions.map { ($0, .failure(error)) })
        }
        var results = try await inEach(Array(target.regions.dropFirst())) { try await registration.copy(made, to: $0) }
        results[home] = .success(made)
        return results
    }

    private func bake(
        _ registration: ImageRegistration,
        _ target: Target,
        _ builder: BuilderInstance,
        _ image: ReleasedImage,
        in region: String
    ) async throws -> ImageRegistration.Placed {
        let staged = try await BlockingPool.shared.run {
            let stored = try StoredImage(manifest: image.manifest, in: store)
            let label = stored.config.execution.labels[ImageAssembly.machineLabel] ?? ""
            guard try JSONValue.parse(Array(label.utf8))["builder"]?["ami"] == builder.source.json else {
                throw InstanceBakeError.notReady(
                    region: region,
                    ["the release's image starts from another AMI than the Bakefile says: bake it again"]
                )
            }
            return try StepBundles.staged(of: image.identity, project: release.project, name: target.image, in: store)
        }
        let source = try await builder.source.resolved(with: session, in: region, architecture: staged.architecture)
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
        return try await InstanceBake(tagged, on: machine, from: source, bundles: staged.bundles, in: region).run()
    }
}
