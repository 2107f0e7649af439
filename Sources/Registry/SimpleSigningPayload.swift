package import OCI
package import SystemIO

/// What a signature says: that the signer means this manifest.
///
/// Source: the "simple signing" form of containers/image (containers-signature(5)), as cosign writes it. Signed are the
/// bytes as they are stored; a payload that was received is never written anew.
package struct SimpleSigningPayload: Hashable, Sendable {
    /// What `critical.type` says; a signature for another use is none of an image.
    static let type = "cosign container image signature"
    /// Real ones have some 250 bytes; optional claims may add to that.
    static let largest = 64 << 10

    /// Where the manifest was when it was signed.
    ///
    /// It is told to people and decides nothing, because images are copied from registry to registry; what is signed is
    /// the content.
    package let repository: String
    package let manifest: Digest

    package init(repository: String, manifest: Digest) {
        self.repository = repository
        self.manifest = manifest
    }

    /// Reads a received payload: refused are more than 64 KiB, what is not JSON, and any other type than an image's
    /// signature.
    package init(decoding bytes: [UInt8]) throws(DocumentError) {
        let critical = try JSONValue.parse(bytes, limit: Self.largest)["critical"]
        guard critical?["type"]?.stringValue == Self.type else {
            throw DocumentError.invalid(document: "signature payload", reason: "'critical.type' is not '\(Self.type)'")
        }
        guard let digest = critical?["image"]?["docker-manifest-digest"]?.stringValue.flatMap({ Digest($0) }) else {
            throw DocumentError.invalid(
                document: "signature payload",
                reason: "'critical.image.docker-manifest-digest' is not a SHA-256 digest"
            )
        }
        self.init(
            repository: critical?["identity"]?["docker-reference"]?.stringValue ?? "",
            manifest: digest
        )
    }

    /// What is signed and stored.
    package var bytes: [UInt8] {
        JSONValue.object([
            "critical": .object([
                "identity": .object(["docker-reference": .string(repository)]),
                "image": .object(["docker-manifest-digest": .string(manifest.description)]),
                "type": .string(Self.type),
            ]),
            "optional": JSONValue.null,
        ]).canonicalBytes
    }
}
