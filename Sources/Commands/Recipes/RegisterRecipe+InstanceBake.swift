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
        let (staged, base) = try await BlockingPool.shared.run {
            let machine = try machine(of: image)
            let stated = machine["builder"]
            func check(_ isSame: Bool, _ difference: String) throws {
                if isSame { return }
                let problem = "the release's image \(difference) than the Bakefile says: bake it again"
                throw InstanceBakeError.notReady(region: place.name, [problem])
            }
            try check(stated?["ami"] == builder.source.json, "starts from another AMI")
            try check(machine["size"]?.integerValue == builder.diskSize, "has another disk")
            let staged = try StepBundles.staged(
                of: image.identity,
                project: release.project,
                name: target.image,
                in: store
            )
            return (staged, stated?["source"])
        }
        let source =
            if let id = try base.map({ try known($0, of: target.image, in: place) }) { id } else {
                try await builder.source.resolved(with: session, in: place.name, architecture: staged.architecture)
            }
        var tagged = registration
        tagged.tags.append(Tag(key: "ovenbird:source", value: source))
        var bake = InstanceBake(tagged, on: builder, from: source, applying: staged, in: place)
        if base != nil {
            bake.renewal =
                "look it up anew with 'ovenbird lock --update \(target.image)', or 'ovenbird bake --refresh' without a "
                + "lock, and bake"
        }
        return bake
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

    /// The id of the AMI that the image starts from, which is the same for as long as its steps are.
    private func known(_ base: JSONValue, of image: String, in place: PreparedRegion) throws -> String {
        let region = base["region"]?.stringValue ?? "another region"
        guard let id = base["ami"]?.stringValue, region == place.name else {
            throw InstanceBakeError.notReady(
                region: place.name,
                [
                    "'\(image)' starts from an AMI of \(region): it is baked there, and copied from there to others: pass "
                        + "'--region \(region)' as well, or bake again where the Bakefile's region has changed"
                ]
            )
        }
        return id
    }

    /// Throws where an image was baked for a machine of EC2: that is another one than its own layers.
    func checkLayers(of image: ReleasedImage, named name: String) throws {
        if try machine(of: image)["builder"] != nil {
            throw RegistrationError.unfit(
                "the release has '\(name)' for a machine of EC2, and the Bakefile has no 'builder' for it",
                fix: "write the 'builder' that it was baked with, or bake it again"
            )
        }
    }

    /// What an image was baked for: its disk; and under `builder`, for one that does not stand on its own layers, the AMI as it was
    /// stated, and which it was where it is the image's own base.
    private func machine(of image: ReleasedImage) throws -> JSONValue {
        let stored = try StoredImage(manifest: image.manifest, in: store)
        return try JSONValue.parse(Array((stored.config.execution.labels[ImageAssembly.machineLabel] ?? "{}").utf8))
    }
}
