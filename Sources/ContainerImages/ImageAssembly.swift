package import Bakefiles
package import OCI
package import SystemIO

/// What an image is put together from: a pure function of this makes its config and its manifest.
///
/// Nothing of the host, the clock or the work tree is in here, so equal content is the same image, whoever bakes it.
package struct ImageAssembly: Sendable, Hashable {
    /// One layer as config and manifest name it.
    package struct Layer: Sendable, Hashable {
        package var diffID: Digest
        /// Bytes of the uncompressed tar, which is also the blob.
        package var size: Int64
        /// What made it, in one line; nil for a layer of an inherited config, which says so itself.
        package var title: String?

        package init(diffID: Digest, size: Int64, title: String?) {
            self.diffID = diffID
            self.size = size
            self.title = title
        }
    }

    package var kind: Image.Kind
    package var settings: ImageSettings
    /// The config of the base, where the base is an image.
    package var inherited: ImageConfig?
    /// All layers, lowest first; those of the inherited config are the first.
    package var layers: [Layer]
    /// Disk and boot settings of a machine image.
    package var machine: JSONValue?
    /// T: seconds since 1970.
    package var timestamp: Int64
    /// What it runs on; an inherited config says so itself.
    package var platform: Platform
    /// Labels of `labels: { stamp: true }`.
    package var stamp: [String: String]

    package init(
        kind: Image.Kind,
        settings: ImageSettings,
        inherited: ImageConfig? = nil,
        layers: [Layer],
        machine: JSONValue? = nil,
        timestamp: Int64,
        platform: Platform,
        stamp: [String: String] = [:]
    ) {
        self.kind = kind
        self.settings = settings
        self.inherited = inherited
        self.layers = layers
        self.machine = machine
        self.timestamp = timestamp
        self.platform = platform
        self.stamp = stamp
    }

    /// The label that holds a machine image's disk and boot settings, as canonical JSON.
    package static let machineLabel = "ovenbird.machine"

    /// Config and manifest, as bytes that are digested and stored.
    package func assemble() -> AssembledImage {
        let config = self.config
        let configBytes = config.bytes
        let manifest = ImageManifest(
            config: ContentDescriptor(
                mediaType: .imageConfig,
                digest: Digester.digest(of: configBytes),
                size: Int64(configBytes.count)
            ),
            layers: layers.map { ContentDescriptor(mediaType: .layer, digest: $0.diffID, size: $0.size) },
            artifactType: kind == .ami ? .machineImage : nil
        )
        return AssembledImage(config: config, configBytes: configBytes, manifest: manifest)
    }
}

/// An image as documents: its layers are in the store already.
package struct AssembledImage: Sendable, Hashable {
    package let config: ImageConfig
    package let configBytes: [UInt8]
    package let manifest: ImageManifest
    package let manifestBytes: [UInt8]
    package let manifestDigest: Digest

    init(config: ImageConfig, configBytes: [UInt8], manifest: ImageManifest) {
        self.config = config
        self.configBytes = configBytes
        self.manifest = manifest
        self.manifestBytes = manifest.json.canonicalBytes
        self.manifestDigest = Digester.digest(of: manifestBytes)
    }

    /// The digest of the config.
    package var identity: ImageIdentity { manifest.config.digest }

    /// Bytes of all layers.
    package var size: Int64 { manifest.layers.reduce(0) { $0 + $1.size } }

    /// What an index says of the image.
    package var descriptor: ContentDescriptor {
        ContentDescriptor(
            mediaType: .imageManifest,
            digest: manifestDigest,
            size: Int64(manifestBytes.count),
            artifactType: manifest.artifactType,
            platform: config.platform
        )
    }
}
