package import Layers
package import OCI
import Registry
package import Store
package import SystemIO

/// An image of a store, read from its manifest: what is exported, loaded and looked at.
package struct StoredImage: Sendable, Hashable {
    package let manifestDigest: Digest
    package let manifestBytes: [UInt8]
    package let manifest: ImageManifest
    package let config: ImageConfig

    /// The digest of the config.
    package var identity: ImageIdentity { manifest.config.digest }

    /// The disk and boot settings; nil for a container image.
    package var isMachine: Bool { manifest.artifactType == .machineImage }

    /// What an index says of the image, without a name.
    package var descriptor: ContentDescriptor {
        ContentDescriptor(
            mediaType: manifest.mediaType,
            digest: manifestDigest,
            size: Int64(manifestBytes.count),
            artifactType: manifest.artifactType,
            platform: config.platform
        )
    }

    private init(manifestDigest: Digest, manifestBytes: [UInt8], manifest: ImageManifest, config: ImageConfig) {
        self.manifestDigest = manifestDigest
        self.manifestBytes = manifestBytes
        self.manifest = manifest
        self.config = config
    }

    /// Reads manifest and config, both verified.
    ///
    /// Throws `StoreError` where one is missing or damaged, `DocumentError` where one is not what it should be.
    package init(manifest digest: Digest, in store: ArtifactStore) throws {
        try self.init(digest, try store.readBlob(digest, limit: DocumentLimit.bytes), in: store)
    }

    /// Reads the config of a manifest that was read already.
    init(_ digest: Digest, _ bytes: [UInt8], in store: ArtifactStore) throws {
        manifestDigest = digest
        manifestBytes = bytes
        manifest = try ImageManifest(decoding: manifestBytes)
        config = try ImageConfig(
            decoding: try store.readBlob(
                manifest.config.digest,
                size: manifest.config.size,
                limit: DocumentLimit.bytes
            )
        )
        try manifest.check(config)
        // Our layers are stored uncompressed, so that blob and diffID are one; another manifest is none of ours.
        for (layer, diffID) in zip(manifest.layers, config.diffIDs) where layer.digest != diffID {
            throw DocumentError.invalid(
                document: "image manifest",
                reason: "layer '\(layer.digest)' is not the uncompressed '\(diffID)'"
            )
        }
    }
}

extension StoredImage {
    /// The image as an export with compressed layers has it; its new manifest and layers are in the store, too.
    ///
    /// Whoever reads layers takes the image as it was. Blocks.
    package func compressed(
        _ compression: Compression,
        in store: ArtifactStore,
        cancellation: CancellationFlag
    ) throws -> StoredImage {
        var manifest = manifest
        manifest.layers = try manifest.layers.map {
            try $0.compressed(compression, in: store, cancellation: cancellation)
        }
        let bytes = manifest.json.canonicalBytes
        return StoredImage(
            manifestDigest: try store.putBlob(bytes).digest,
            manifestBytes: bytes,
            manifest: manifest,
            config: config
        )
    }
}
