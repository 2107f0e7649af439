package import SystemIO

/// What a document says of a blob: media type, digest and size.
///
/// Source: OCI image specification 1.1, descriptor.md. The `urls` and the embedded `data` of a received descriptor are
/// dropped: a blob comes from where its image comes from, and is verified.
package struct ContentDescriptor: Hashable, Sendable {
    package var mediaType: MediaType
    package var digest: Digest
    /// Bytes; never negative.
    package var size: Int64
    package var annotations: [String: String]
    package var artifactType: MediaType?
    package var platform: Platform?

    package init(
        mediaType: MediaType,
        digest: Digest,
        size: Int64,
        annotations: [String: String] = [:],
        artifactType: MediaType? = nil,
        platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.annotations = annotations
        self.artifactType = artifactType
        self.platform = platform
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            mediaType: try reader.mediaType("mediaType"),
            digest: try reader.digest("digest"),
            size: try reader.size("size"),
            annotations: try reader.texts("annotations"),
            artifactType: try reader.optionalMediaType("artifactType"),
            platform: try reader.optionalObject("platform").map { (object) throws(DocumentError) in
                try Platform(object)
            }
        )
    }

    package var json: JSONValue {
        .object([
            "mediaType": .string(mediaType.description),
            "digest": .string(digest.description),
            "size": .integer(size),
            "annotations": annotations.isEmpty ? nil : .strings(annotations),
            "artifactType": artifactType.map { .string($0.description) },
            "platform": platform?.json,
        ])
    }
}

extension ContentDescriptor {
    /// The annotation by which `index.json` names an image: OCI image specification 1.1, annotations.md.
    package static let referenceNameKey = "org.opencontainers.image.ref.name"

    /// The name that the descriptor carries in an `index.json`.
    package var referenceName: String? { annotations[Self.referenceNameKey] }
}

/// What an image runs on, in the words of Go: `linux` on `amd64`.
///
/// Source: OCI image specification 1.1, image-index.md, "platform".
package struct Platform: Hashable, Sendable, CustomStringConvertible {
    package var architecture: String
    package var os: String
    package var variant: String?
    package var osVersion: String?
    package var osFeatures: [String]

    package init(
        architecture: String,
        os: String = "linux",
        variant: String? = nil,
        osVersion: String? = nil,
        osFeatures: [String] = []
    ) {
        self.architecture = architecture
        self.os = os
        self.variant = variant
        self.osVersion = osVersion
        self.osFeatures = osFeatures
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        self.init(
            architecture: try reader.text("architecture"),
            os: try reader.text("os"),
            variant: try reader.optionalText("variant"),
            osVersion: try reader.optionalText("os.version"),
            osFeatures: try reader.textList("os.features")
        )
    }

    package var json: JSONValue {
        .object([
            "architecture": .string(architecture),
            "os": .string(os),
            "variant": variant.map(JSONValue.string),
            "os.version": osVersion.map(JSONValue.string),
            "os.features": osFeatures.isEmpty ? nil : .strings(osFeatures),
        ])
    }

    /// `linux/arm64/v8`.
    package var description: String { [os, architecture, variant].compactMap(\.self).joined(separator: "/") }
}
