import HTTPTransport
package import OCI
package import SystemIO

/// Finds an image of a registry: what a reference stands for, for one platform.
package struct ImagePull: Sendable {
    private let session: RegistrySession
    private let platform: Platform

    package init(session: RegistrySession, platform: Platform) {
        self.session = session
        self.platform = platform
    }

    /// Manifest and config of what a reference stands for now; no layer is fetched.
    ///
    /// Without tag and digest it is the tag `latest`. Refused is what `ImageManifest`, `ImageIndex` and `ImageConfig`
    /// refuse, and what has another digest, size or media type than it was named with.
    package func resolve(_ reference: Reference) async throws -> RemoteImage {
        let client = try session.repository(reference)
        let name = reference.digest?.description ?? reference.tag ?? "latest"
        guard var found = try await client.manifest(name) else {
            throw RegistryError(.notFound, "'\(client.name)' has no '\(name)'")
        }
        let entry = found.digest
        // An index may list indexes; real ones do not go deeper than one.
        for _ in 0..<4 where found.mediaType.isIndex {
            let choice = try choose(
                try decoded(client) { () throws(DocumentError) in
                    try ImageIndex(decoding: found.bytes)
                }.manifests,
                client
            )
            found = try await document(choice, client)
        }
        guard found.mediaType.isManifest else {
            throw RegistryError(.wrongContent, "'\(client.name)': '\(entry)' is an index of indexes that does not end")
        }
        let bytes = found.bytes
        let manifest = try decoded(client) { () throws(DocumentError) in try ImageManifest(decoding: bytes) }
        guard manifest.config.mediaType == .imageConfig || manifest.config.mediaType == .dockerConfig else {
            throw RegistryError(
                .wrongContent,
                "'\(client.name)': '\(found.digest)' has a config of the media type '\(manifest.config.mediaType)', "
                    + "so that it is no image"
            )
        }
        let configBytes = try await client.smallBlob(manifest.config)
        let config = try decoded(client) { () throws(DocumentError) in
            let config = try ImageConfig(decoding: configBytes)
            try manifest.check(config)
            return config
        }
        guard platform.isSame(as: config.platform) else { throw noPlatform([config.platform.description], client) }
        for layer in manifest.layers where layer.mediaType.layerCompression == nil {
            throw RegistryError(
                .wrongContent,
                "'\(client.name)': the layer '\(layer.digest)' is of the media type '\(layer.mediaType)'"
            )
        }
        return RemoteImage(
            client: client,
            entry: entry,
            manifestDigest: found.digest,
            manifest: manifest,
            configBytes: configBytes,
            config: config
        )
    }

    private func document(_ choice: ContentDescriptor, _ client: RepositoryClient) async throws -> ReceivedManifest {
        guard let found = try await client.manifest(choice.digest.description) else {
            throw RegistryError(.notFound, "'\(client.name)' has no '\(choice.digest)', which its index names")
        }
        guard found.mediaType == choice.mediaType, Int64(found.bytes.count) == choice.size else {
            throw RegistryError(
                .wrongContent,
                "'\(client.name)': '\(choice.digest)' is '\(found.mediaType)' of \(found.bytes.count) bytes, "
                    + "and its index says '\(choice.mediaType)' of \(choice.size)"
            )
        }
        return found
    }

    private func choose(_ entries: [ContentDescriptor], _ client: RepositoryClient) throws -> ContentDescriptor {
        if let match = platform.best(of: entries) { return match }
        if entries.count == 1, let only = entries.first, only.platform == nil { return only }
        let platforms = Set(entries.compactMap(\.platform?.description)).subtracting(["unknown/unknown"])
        throw noPlatform(platforms.sorted(), client)
    }

    private func noPlatform(_ found: [String], _ client: RepositoryClient) -> RegistryError {
        let shown = found.prefix(20).map { "'\(cutLine($0))'" }.joined(separator: ", ")
        return RegistryError(
            .notFound,
            "'\(client.name)' has no image for '\(platform)'",
            why: shown.isEmpty ? "its index names no platform" : "it is for \(shown)"
        )
    }

    private func decoded<Value>(
        _ client: RepositoryClient,
        _ body: () throws(DocumentError) -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch {
            throw RegistryError(.wrongContent, "'\(client.name)': \(error)")
        }
    }
}

/// An image of a registry, whose layers have not been fetched.
package struct RemoteImage: Sendable {
    let client: RepositoryClient
    /// What the reference stands for: a manifest, or an index of manifests.
    package let entry: Digest
    package let manifestDigest: Digest
    package let manifest: ImageManifest
    package let configBytes: [UInt8]
    package let config: ImageConfig

    /// Registry and repository.
    package var repository: String { client.name }

    /// Reads one layer as it is stored there; returning is the proof of its digest and size.
    package func download(
        _ layer: ContentDescriptor,
        into sink: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws {
        try await client.download(layer, into: sink)
    }
}
