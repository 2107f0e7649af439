/// A media type as RFC 6838 writes it, in the spelling that was received.
///
/// The names are those of the OCI image specification 1.1, media-types.md, and of Docker's image manifest version 2
/// schema 2, which registries and archives still hold.
package struct MediaType: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let description: String

    /// Reads `type/subtype` of the characters that RFC 6838 section 4.2 allows, at most 127 on each side; nil for other
    /// text, parameters among it.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(isRestrictedName) else { return nil }
        self.description = text
    }

    private init(known text: String) { self.description = text }

    package static let imageIndex = MediaType(known: "application/vnd.oci.image.index.v1+json")
    package static let imageManifest = MediaType(known: "application/vnd.oci.image.manifest.v1+json")
    package static let imageConfig = MediaType(known: "application/vnd.oci.image.config.v1+json")
    package static let layer = MediaType(known: "application/vnd.oci.image.layer.v1.tar")
    package static let layerGzip = MediaType(known: "application/vnd.oci.image.layer.v1.tar+gzip")
    package static let layerZstd = MediaType(known: "application/vnd.oci.image.layer.v1.tar+zstd")

    package static let dockerManifestList = MediaType(
        known: "application/vnd.docker.distribution.manifest.list.v2+json"
    )
    package static let dockerManifest = MediaType(known: "application/vnd.docker.distribution.manifest.v2+json")
    package static let dockerConfig = MediaType(known: "application/vnd.docker.container.image.v1+json")
    package static let dockerLayer = MediaType(known: "application/vnd.docker.image.rootfs.diff.tar")
    package static let dockerLayerGzip = MediaType(known: "application/vnd.docker.image.rootfs.diff.tar.gzip")

    /// The artifact type that marks the manifest of a machine image.
    package static let machineImage = MediaType(known: "application/vnd.ovenbird.machine.v1")

    /// The config `{}` of what is no image.
    ///
    /// Source: OCI image specification 1.1, manifest.md, "Guidance for an Empty Descriptor".
    package static let emptyDocument = MediaType(known: "application/vnd.oci.empty.v1+json")

    /// The artifact type of a machine image's step bundles, and the media types of what is in it.
    package static let stepBundles = MediaType(known: "application/vnd.ovenbird.step-bundles.v1")
    package static let stepBundleIndex = MediaType(known: "application/vnd.ovenbird.step-bundles.index.v1+json")
    package static let stepBundleStart = MediaType(known: "application/vnd.ovenbird.step-bundles.from.v1+json")
    package static let stepBundle = MediaType(known: "application/vnd.ovenbird.step-bundle.v1.tar")

    /// The artifact type of a step's result in a shared cache, and the media type of its config.
    package static let stepResult = MediaType(known: "application/vnd.ovenbird.step-result.v1")
    package static let stepResultDocument = MediaType(known: "application/vnd.ovenbird.step-result.v1+json")

    /// What is said of an image: a bill of materials, and an in-toto statement.
    ///
    /// Sources: IANA's registry of media types; in-toto attestation framework, Statement v1.
    package static let spdx = MediaType(known: "application/spdx+json")
    package static let inToto = MediaType(known: "application/vnd.in-toto+json")

    /// What a signature is of, in the form that cosign stores.
    package static let simpleSigning = MediaType(known: "application/vnd.dev.cosign.simplesigning.v1+json")

    /// The descriptor lists manifests.
    package var isIndex: Bool { self == .imageIndex || self == .dockerManifestList }

    /// The descriptor names one image.
    package var isManifest: Bool { self == .imageManifest || self == .dockerManifest }

    /// What the layers of this media type are compressed with, or nil where they are no layers that we can read.
    package var layerCompression: LayerCompression? {
        switch self {
        case .layer, .dockerLayer: LayerCompression.none
        case .layerGzip, .dockerLayerGzip: .gzip
        case .layerZstd: .zstd
        default: nil
        }
    }

    package static func < (left: MediaType, right: MediaType) -> Bool { left.description < right.description }
}

/// How the tar of a layer is stored.
package enum LayerCompression: String, Hashable, Sendable {
    case none
    case gzip
    case zstd
}

/// RFC 6838 section 4.2, `restricted-name`.
private func isRestrictedName(_ name: Substring.UTF8View) -> Bool {
    guard let first = name.first, isAlphanumeric(first), name.count <= 127 else { return false }
    let punctuation = Array("!#$&-^_.+".utf8)
    return name.allSatisfy { isAlphanumeric($0) || punctuation.contains($0) }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
    default: false
    }
}
