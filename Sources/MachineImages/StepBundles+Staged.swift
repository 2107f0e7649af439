import ContainerImages
import OCI
package import Store
package import SystemIO

extension StepBundles {
    /// The step bundles of an image in the store, in the order in which they are applied.
    package struct Staged: Sendable, Hashable {
        /// As OCI names it: `amd64`.
        package var architecture: String
        package var bundles: [InstanceBake.Bundle]
    }

    /// What a bake has staged; throws `BundleError.missing` where that is gone.
    package static func staged(
        of identity: Digest,
        project: String,
        name: String,
        in store: ArtifactStore
    ) throws -> Staged {
        guard let entry = try store.reference(storeName(project: project, image: name, identity: identity)) else {
            throw BundleError.missing(image: name)
        }
        let manifest = try manifest(entry.digest, in: store)
        guard let index = manifest.layers.first(where: { $0.mediaType == .stepBundleIndex }) else {
            throw BundleError.missing(image: name)
        }
        let document = try JSONValue.parse(try store.readBlob(index.digest, limit: DocumentLimit.bytes))
        let bundles = try (document["steps"]?.arrayValue ?? []).map { step in
            guard let address = step["step"]?.stringValue, let size = step["size"]?.integerValue,
                let digest = step["digest"]?.stringValue.flatMap({ Digest($0) })
            else { throw BundleError.missing(image: name) }
            return InstanceBake.Bundle(step: address, digest: digest, size: size)
        }
        guard let architecture = document["architecture"]?.stringValue else { throw BundleError.missing(image: name) }
        return Staged(architecture: architecture, bundles: bundles)
    }
}
