package import OCI
package import SystemIO

/// Results of steps in a repository of a registry, where other machines find them.
///
/// Each is an artifact of the OCI image specification, tagged `step-` and the hexadecimal digits of its content key.
/// What is found counts only under the key that it names itself, and its layers only with the digests that it names.
package struct SharedCache: Sendable {
    private let session: RegistrySession
    private let reference: Reference

    /// `reference` has neither tag nor digest.
    package init(session: RegistrySession, reference: Reference) {
        self.session = session
        self.reference = reference
    }

    private static func tag(_ key: Digest) -> String { "step-\(key.hex)" }

    /// What the cache has under a content key, whose layers have not been fetched; nil where it has nothing.
    ///
    /// Throws where what it has is not a result, or that of another key.
    package func find(_ key: Digest) async throws -> FoundResult? {
        let client = try session.repository(reference)
        guard let received = try await client.manifest(Self.tag(key)) else { return nil }
        func refused(_ why: String) -> RegistryError {
            RegistryError(.wrongContent, "'\(client.name)': what it has as '\(Self.tag(key))' \(why)")
        }
        guard received.mediaType == .imageManifest else { throw refused("is no result of a step") }
        let manifest: ImageManifest
        do {
            manifest = try ImageManifest(decoding: received.bytes)
        } catch {
            throw refused("is no result of a step: \(error)")
        }
        guard manifest.artifactType == .stepResult, manifest.config.mediaType == .stepResultDocument,
            let result = SharedResult(decoding: try await client.smallBlob(manifest.config)),
            result.layers.count == manifest.layers.count,
            manifest.layers.allSatisfy({ $0.mediaType.layerCompression != nil })
        else { throw refused("is no result of a step") }
        guard result.contentKey == key else { throw refused("is the result of another step") }
        return FoundResult(client: client, manifestDigest: received.digest, result: result, stored: manifest.layers)
    }

    /// Whether the cache has something under a content key, right or wrong; with keys, something that one of them has
    /// signed.
    package func has(_ key: Digest, signedBy trusted: TrustedKeys? = nil) async throws -> Bool {
        let client = try session.repository(reference)
        guard let found = try await client.manifestDigest(Self.tag(key)) else { return false }
        guard let trusted else { return true }
        do {
            _ = try await client.verify(anyOf: [found], by: trusted)
            return true
        } catch let error as RegistryError where error.kind == .notSigned {
            return false
        }
    }

    /// Puts a result there, its content before its tag; gives the digest of its manifest.
    ///
    /// `layers` are those of the result, as `packing` gave them. With a key it is signed before it gets its tag.
    @discardableResult
    package func publish(
        _ result: SharedResult,
        layers: [BlobSource],
        signedWith key: SigningKey? = nil
    ) async throws -> Digest {
        let client = try session.repository(reference, forPushing: true)
        let bytes = result.json.canonicalBytes
        let config = ContentDescriptor(
            mediaType: .stepResultDocument,
            digest: Digester.digest(of: bytes),
            size: Int64(bytes.count)
        )
        for blob in layers + [BlobSource(config, bytes: bytes)] { _ = try await client.push(blob) }
        let manifest = ImageManifest(
            config: config,
            layers: layers.map(\.descriptor),
            artifactType: .stepResult
        )
        let own = ReceivedManifest(mediaType: manifest.mediaType, own: manifest.json.canonicalBytes)
        if let key {
            try await client.putManifest(own, as: own.digest.description)
            _ = try await client.sign(own.digest, with: key)
        }
        try await client.putManifest(own, as: Self.tag(result.contentKey))
        return own.digest
    }
}

/// A result that a shared cache has.
package struct FoundResult: Sendable {
    let client: RepositoryClient
    package let manifestDigest: Digest
    package let result: SharedResult
    /// The layers as they are stored there, in the order of `result.layers`.
    package let stored: [ContentDescriptor]

    /// Registry and repository.
    package var repository: String { client.name }

    /// Proves that the result, and with it the content key that it names, is signed by one of the keys.
    package func verify(by trusted: TrustedKeys) async throws {
        _ = try await client.verify(anyOf: [manifestDigest], by: trusted)
    }

    /// Reads one layer as it is stored there; returning is the proof of its digest and size.
    package func download(
        _ layer: ContentDescriptor,
        into sink: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        try await client.download(layer, into: sink)
    }
}
