/// The manifest of one image: its config and its layers, lowest first.
///
/// Source: OCI image specification 1.1, manifest.md. Docker's schema 2, which has the same members, is read too.
package struct ImageManifest: Hashable, Sendable {
    package var mediaType: MediaType
    package var config: ContentDescriptor
    package var layers: [ContentDescriptor]
    package var artifactType: MediaType?
    package var subject: ContentDescriptor?
    package var annotations: [String: String]

    package init(
        mediaType: MediaType = .imageManifest,
        config: ContentDescriptor,
        layers: [ContentDescriptor],
        artifactType: MediaType? = nil,
        subject: ContentDescriptor? = nil,
        annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        self.artifactType = artifactType
        self.subject = subject
        self.annotations = annotations
    }

    /// Reads a received manifest.
    ///
    /// Refused are: more than `DocumentLimit.bytes`, what is not a manifest or claims to be something else, both
    /// `layers` and `manifests` (CVE-2021-41190), a missing config, more than `DocumentLimit.layers` layers, negative
    /// sizes, and digests that are not SHA-256.
    package init(decoding bytes: [UInt8]) throws(DocumentError) {
        let reader = try DocumentReader(
            document: "image manifest",
            value: try JSONValue.parse(bytes, limit: DocumentLimit.bytes)
        )
        try reader.checkSchemaVersion()
        for other in ["manifests", "fsLayers"] where reader.has(other) {
            throw reader.error("a manifest has no '\(other)'")
        }
        let mediaType = try reader.optionalMediaType("mediaType") ?? .imageManifest
        guard mediaType.isManifest else {
            throw reader.error("'mediaType' is '\(mediaType)', which is not an image manifest")
        }
        var layers: [ContentDescriptor] = []
        for layer in try reader.requiredObjects("layers", limit: DocumentLimit.layers) {
            layers.append(try ContentDescriptor(layer))
        }
        self.init(
            mediaType: mediaType,
            config: try ContentDescriptor(try reader.object("config")),
            layers: layers,
            artifactType: try reader.optionalMediaType("artifactType"),
            subject: try reader.optionalDescriptor("subject"),
            annotations: try reader.texts("annotations")
        )
    }

    package var json: JSONValue {
        .object([
            "schemaVersion": 2,
            "mediaType": .string(mediaType.description),
            "artifactType": artifactType.map { .string($0.description) },
            "config": config.json,
            "layers": .array(layers.map(\.json)),
            "subject": subject?.json,
            "annotations": annotations.isEmpty ? nil : .strings(annotations),
        ])
    }

    /// Checks that the config describes as many layers as the manifest has.
    package func check(_ config: ImageConfig) throws(DocumentError) {
        guard config.diffIDs.count == layers.count else {
            throw DocumentError.invalid(
                document: "image config",
                reason: "'rootfs.diff_ids' names \(config.diffIDs.count) layers, and the manifest has \(layers.count)"
            )
        }
    }
}

/// A list of manifests, by platform or by name.
///
/// Source: OCI image specification 1.1, image-index.md. Docker's manifest list is read too.
package struct ImageIndex: Hashable, Sendable {
    package var mediaType: MediaType
    package var manifests: [ContentDescriptor]
    package var artifactType: MediaType?
    package var subject: ContentDescriptor?
    package var annotations: [String: String]

    package init(
        mediaType: MediaType = .imageIndex,
        manifests: [ContentDescriptor],
        artifactType: MediaType? = nil,
        subject: ContentDescriptor? = nil,
        annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.manifests = manifests
        self.artifactType = artifactType
        self.subject = subject
        self.annotations = annotations
    }

    /// How large an index may be.
    package struct Limits: Sendable {
        package var bytes: Int
        package var manifests: Int

        package init(bytes: Int, manifests: Int) {
            self.bytes = bytes
            self.manifests = manifests
        }

        /// Of one that somebody else made.
        package static let received = Limits(bytes: DocumentLimit.bytes, manifests: DocumentLimit.manifests)
        /// Of a store's own, which grows by a few names with each bake: years of them.
        package static let own = Limits(bytes: 512 << 20, manifests: 1_000_000)
    }

    /// Reads an index; refuses what `ImageManifest` refuses, with `layers` and `config` in the place of `manifests`,
    /// and more than the limits, which are those of a received one unless said otherwise.
    package init(decoding bytes: [UInt8], limits: Limits = .received) throws(DocumentError) {
        let reader = try DocumentReader(
            document: "image index",
            value: try JSONValue.parse(bytes, limit: limits.bytes)
        )
        try reader.checkSchemaVersion()
        for other in ["layers", "config", "fsLayers"] where reader.has(other) {
            throw reader.error("an index has no '\(other)'")
        }
        let mediaType = try reader.optionalMediaType("mediaType") ?? .imageIndex
        guard mediaType.isIndex else {
            throw reader.error("'mediaType' is '\(mediaType)', which is not an image index")
        }
        var manifests: [ContentDescriptor] = []
        for manifest in try reader.requiredObjects("manifests", limit: limits.manifests) {
            manifests.append(try ContentDescriptor(manifest))
        }
        self.init(
            mediaType: mediaType,
            manifests: manifests,
            artifactType: try reader.optionalMediaType("artifactType"),
            subject: try reader.optionalDescriptor("subject"),
            annotations: try reader.texts("annotations")
        )
    }

    package var json: JSONValue {
        .object([
            "schemaVersion": 2,
            "mediaType": .string(mediaType.description),
            "artifactType": artifactType.map { .string($0.description) },
            "manifests": .array(manifests.map(\.json)),
            "subject": subject?.json,
            "annotations": annotations.isEmpty ? nil : .strings(annotations),
        ])
    }
}

/// The bounds of received documents: far above what real images have, far below what hurts.
package enum DocumentLimit {
    /// Distribution registries refuse larger manifests too.
    package static let bytes = 4 << 20
    package static let layers = 1000
    package static let manifests = 10_000
    package static let history = 10_000
}

extension DocumentReader {
    func checkSchemaVersion() throws(DocumentError) {
        let version = try optionalInteger("schemaVersion")
        guard version == 2 else {
            throw error("'schemaVersion' is \(version.map(String.init) ?? "missing"), and only 2 is known")
        }
    }

    func optionalDescriptor(_ key: String) throws(DocumentError) -> ContentDescriptor? {
        guard let object = try optionalObject(key) else { return nil }
        return try ContentDescriptor(object)
    }
}
