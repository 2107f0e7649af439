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

    /// What is wrong with one result, and with none of the others.
    private static func fault(
        of key: Digest,
        in client: RepositoryClient,
        _ what: String,
        why: String? = nil
    ) -> RegistryError {
        RegistryError(.wrongContent, "'\(client.name)': what it has as '\(tag(key))' \(what)", why: why)
    }

    private static func document(
        _ blob: ContentDescriptor,
        of key: Digest,
        in client: RepositoryClient
    ) async throws -> [UInt8] {
        do {
            return try await client.smallBlob(blob)
        } catch let error as RegistryError where error.kind == .notFound {
            throw lost(blob, of: key, in: client, error)
        }
    }

    /// A blob that a manifest names, and that the registry has not: as one that somebody removed.
    fileprivate static func lost(
        _ blob: ContentDescriptor,
        of key: Digest,
        in client: RepositoryClient,
        _ error: RegistryError
    ) -> RegistryError {
        fault(of: key, in: client, "lacks its blob '\(blob.digest)'", why: error.message)
    }

    /// What the cache has under a content key, whose layers have not been fetched; nil where it has nothing.
    ///
    /// Throws an error of the kind `wrongContent` where what it has is not a result, or that of another key, or not whole.
    package func find(_ key: Digest) async throws -> FoundResult? {
        let client = try session.repository(reference)
        guard let received = try await client.manifest(Self.tag(key)) else { return nil }
        func refused(_ why: String) -> RegistryError { Self.fault(of: key, in: client, why) }
        guard received.mediaType == .imageManifest else { throw refused("is no result of a step") }
        let manifest: ImageManifest
        do {
            manifest = try ImageManifest(decoding: received.bytes)
        } catch {
            throw refused("is no result of a step: \(error)")
        }
        guard manifest.artifactType == .stepResult, manifest.config.mediaType == .stepResultDocument,
            let result = SharedResult(decoding: try await Self.document(manifest.config, of: key, in: client)),
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

    /// Puts a result there, its content before its tag, in the place of what is there; false where that is all the same.
    ///
    /// `layers` are those of the result, as `packing` gave them. Every blob is asked for, and put there where it is not.
    /// With a key it is signed before it gets its tag.
    package func publish(
        _ result: SharedResult,
        layers: [BlobSource],
        signedWith key: SigningKey? = nil
    ) async throws -> Bool {
        let client = try session.repository(reference, forPushing: true)
        let bytes = result.json.canonicalBytes
        let config = ContentDescriptor(
            mediaType: .stepResultDocument,
            digest: Digester.digest(of: bytes),
            size: Int64(bytes.count)
        )
        var isNew = false
        for blob in layers + [BlobSource(config, bytes: bytes)] where try await client.push(blob) != .present {
            isNew = true
        }
        let manifest = ImageManifest(
            config: config,
            layers: layers.map(\.descriptor),
            artifactType: .stepResult
        )
        let own = ReceivedManifest(mediaType: manifest.mediaType, own: manifest.json.canonicalBytes)
        if let key {
            try await client.putManifest(own, as: own.digest.description)
            if try await !client.sign(own.digest, with: key).isUnchanged { isNew = true }
        }
        let tag = Self.tag(result.contentKey)
        if try await client.manifestDigest(tag) == own.digest { return isNew }
        try await client.putManifest(own, as: tag)
        return true
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
    ///
    /// Throws an error of the kind `wrongContent` where the repository does not have it.
    package func download(
        _ layer: ContentDescriptor,
        into sink: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        do {
            try await client.download(layer, into: sink)
        } catch let error as RegistryError where error.kind == .notFound {
            throw SharedCache.lost(layer, of: result.contentKey, in: client, error)
        }
    }
}
