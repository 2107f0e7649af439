import OCI
package import Store
import SystemIO

extension AssembledImage {
    /// The name of an image, or of one of its versions, in a store's `index.json`.
    package static func storeName(project: String, image: String, version: String? = nil) -> String {
        "\(project).\(image)" + (version.map { ".\($0)" } ?? "")
    }

    /// Puts config and manifest into the store, and names the image `PROJECT.IMAGE` in its index.
    ///
    /// Throws `StoreError.blobMissing` where a layer is not there: an image that the index names is whole.
    package func store(in store: ArtifactStore, project: String, image: String) throws {
        for layer in manifest.layers where !store.hasBlob(layer.digest, size: layer.size) {
            throw StoreError.blobMissing(layer.digest)
        }
        _ = try store.putBlob(configBytes)
        _ = try store.putBlob(manifestBytes)
        try store.setReference(Self.storeName(project: project, image: image), descriptor)
    }

    /// Names the image by a version too, beside `PROJECT.IMAGE`.
    package func name(version: String, in store: ArtifactStore, project: String, image: String) throws {
        try store.setReference(Self.storeName(project: project, image: image, version: version), descriptor)
    }
}
