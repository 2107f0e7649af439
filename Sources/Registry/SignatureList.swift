import HTTPTransport
import OCI
import SystemIO

/// The signatures of one manifest as a repository keeps them: an image of its own, each layer a payload.
///
/// Source: cosign's signature specification. The tag is made of the signed manifest's digest; the signature itself is an
/// annotation of the layer, ASN.1 in DER form and Base64.
struct SignatureList: Sendable {
    static let annotation = "dev.cosignproject.cosign/signature"
    /// More than these are neither read nor written: each costs whoever verifies a request.
    static let limit = 100

    private var manifest: ImageManifest

    static func tag(of manifest: Digest) -> String { "sha256-\(manifest.hex).sig" }

    init() {
        // The config is written anew whenever a signature is added.
        let nothing = ContentDescriptor(mediaType: .imageConfig, digest: Digester.digest(of: [UInt8]()), size: 0)
        manifest = ImageManifest(config: nothing, layers: [])
    }

    /// Refuses what `ImageManifest` refuses, and more than 100 layers.
    init(decoding bytes: [UInt8]) throws(DocumentError) {
        manifest = try ImageManifest(decoding: bytes)
        guard manifest.layers.count <= Self.limit else {
            throw DocumentError.invalid(
                document: "list of signatures",
                reason: "it has \(manifest.layers.count) of them, more than the limit of \(Self.limit)"
            )
        }
    }

    /// Where the payloads are, and what signs them; layers of another kind are left out.
    ///
    /// An annotation that is no signature is an empty one, which no key has made.
    var entries: [(payload: ContentDescriptor, signature: [UInt8])] {
        manifest.layers.filter { $0.mediaType == .simpleSigning }.map { layer in
            let text = layer.annotations[Self.annotation] ?? ""
            // ASN.1 of two numbers of 32 bytes has at most 72 bytes.
            return (layer, text.utf8.count <= 128 ? Base64.decode(text) ?? [] : [])
        }
    }

    var count: Int { manifest.layers.count }

    /// The list with one more, after those that are there; all that others have written to it stays.
    ///
    /// Gives what has to be in the repository before the manifest.
    mutating func add(_ payload: [UInt8], _ signature: [UInt8]) -> [BlobSource] {
        let layer = ContentDescriptor(
            mediaType: .simpleSigning,
            digest: Digester.digest(of: payload),
            size: Int64(payload.count),
            annotations: [Self.annotation: Base64.encode(signature)]
        )
        manifest.layers.append(layer)
        // Payloads are not compressed, so that their digests are the diffIDs, too.
        let config = JSONValue.object([
            "architecture": "", "os": "", "config": .object([:]),
            "rootfs": .object(["type": "layers", "diff_ids": .strings(manifest.layers.map(\.digest.description))]),
        ]).canonicalBytes
        manifest.config = ContentDescriptor(
            mediaType: .imageConfig,
            digest: Digester.digest(of: config),
            size: Int64(config.count)
        )
        return [BlobSource(manifest.config, bytes: config), BlobSource(layer, bytes: payload)]
    }

    var received: ReceivedManifest {
        ReceivedManifest(mediaType: manifest.mediaType, own: manifest.json.canonicalBytes)
    }
}
