package import OCI
package import Store
package import SystemIO

/// One image for several platforms: an index of the manifests of its members.
///
/// In a store layers are uncompressed, so that this index, and with it the image's identity, does not hang on how they
/// are compressed for a registry. Source: OCI image specification 1.1, image-index.md.
package struct PlatformIndex: Sendable, Hashable {
    package let index: ImageIndex
    package let bytes: [UInt8]
    package let digest: Digest
    /// In the order of the index.
    package let images: [StoredImage]

    /// Sorted by platform, so that the same members are the same image.
    package init(_ members: [StoredImage]) {
        images = members.sorted { precedes($0.config.platform.description, $1.config.platform.description) }
        index = ImageIndex(manifests: images.map(\.descriptor))
        bytes = index.json.canonicalBytes
        digest = Digester.digest(of: bytes)
    }

    /// Reads the images that an index of the store names.
    init(_ digest: Digest, _ bytes: [UInt8], in store: ArtifactStore) throws {
        self.digest = digest
        self.bytes = bytes
        index = try ImageIndex(decoding: bytes)
        images = try index.manifests.map { try StoredImage(manifest: $0.digest, in: store) }
    }

    /// What `index.json` says of it, without a name.
    package var descriptor: ContentDescriptor {
        ContentDescriptor(mediaType: index.mediaType, digest: digest, size: Int64(bytes.count))
    }

    /// Puts the index into the store, and names the image `PROJECT.IMAGE` there.
    package func store(in store: ArtifactStore, project: String, image: String) throws {
        _ = try store.putBlob(bytes)
        try store.setReference(AssembledImage.storeName(project: project, image: image), descriptor)
    }
}
