import HTTPTransport
package import OCI
package import SystemIO

/// A manifest or index as it was received, its digest verified where one was known.
package struct ReceivedManifest: Hashable, Sendable {
    package let mediaType: MediaType
    package let digest: Digest
    package let bytes: [UInt8]
}

extension RepositoryClient {
    private static let accepted = [
        MediaType.imageManifest, .imageIndex, .dockerManifest, .dockerManifestList,
    ].map(\.description).joined(separator: ", ")

    /// The digest of what a tag or digest stands for; nil where the registry has nothing of the name.
    package func manifestDigest(_ name: String) async throws -> Digest? {
        let (request, response) = try await send(manifestRequest(.head, name))
        await response.drain()
        switch response.status {
        case 200:
            if let text = response.headers["docker-content-digest"] {
                guard let digest = Digest(text) else {
                    throw RegistryError(.wrongContent, "\(describe(request)): '\(cutLine(text))' is no digest")
                }
                return digest
            }
            // Not every registry says it; then the content does.
            return try await manifest(name)?.digest
        case 404: return nil
        default: throw await unexpected(request, response)
        }
    }

    /// A manifest or index; nil where the registry has nothing of the name.
    ///
    /// Refused are more than `DocumentLimit.bytes`, another content than a digest names or than the registry says, and
    /// a body that calls itself something else than the header does (CVE-2021-41190).
    package func manifest(_ name: String) async throws -> ReceivedManifest? {
        let (request, response) = try await send(manifestRequest(.get, name))
        guard response.status != 404 else {
            await response.drain()
            return nil
        }
        guard response.status == 200 else { throw await unexpected(request, response) }
        let bytes = try await session.collect(response, of: request, limit: DocumentLimit.bytes)
        let digest = Digester.digest(of: bytes)
        if let wanted = Digest(name), wanted != digest {
            throw RegistryError(.wrongContent, "\(describe(request)): its content has the digest '\(digest)'")
        }
        try check(response, is: digest, request)
        let header = (response.headers["content-type"] ?? "").prefix { $0 != ";" }
        guard let mediaType = MediaType(String(header).trimmingSpaces), mediaType.isManifest || mediaType.isIndex else {
            throw RegistryError(
                .wrongContent,
                "\(describe(request)): the media type '\(cutLine(String(header)))' is neither a manifest's nor an index's"
            )
        }
        if let stated = try? JSONValue.parse(bytes, limit: DocumentLimit.bytes)["mediaType"]?.stringValue,
            stated != mediaType.description
        {
            throw RegistryError(
                .wrongContent,
                "\(describe(request)): it says '\(cutLine(stated))', its header '\(mediaType)'"
            )
        }
        return ReceivedManifest(mediaType: mediaType, digest: digest, bytes: bytes)
    }

    /// Puts a manifest or index under its digest or a tag, and asks whether it is there.
    package func putManifest(_ manifest: ReceivedManifest, as name: String) async throws {
        _ = try await sendManifest(manifest, as: name)
        try await confirm(manifest, name)
    }

    /// Puts a manifest or index, and gives the headers of the answer.
    func sendManifest(_ manifest: ReceivedManifest, as name: String) async throws -> HeaderFields {
        var put = manifestRequest(.put, name)
        put.headers["content-type"] = manifest.mediaType.description
        put.body = .bytes(manifest.bytes)
        let (request, response) = try await send(put)
        guard response.status == 201 || response.status == 202 else { throw await unexpected(request, response) }
        await response.drain()
        try check(response, is: manifest.digest, request)
        return response.headers
    }

    /// Registries that are made of several machines may need a moment until all of them know.
    func confirm(_ manifest: ReceivedManifest, _ name: String) async throws {
        var failures = 0
        while true {
            if let found = try await manifestDigest(name) {
                if found == manifest.digest { return }
                throw RegistryError(
                    .wrongContent,
                    "'\(self.name)' was given the manifest '\(manifest.digest)' as '\(name)', and has '\(found)'"
                )
            }
            failures += 1
            guard try await session.wait(afterFailure: failures) else {
                throw RegistryError(
                    .wrongContent,
                    "'\(self.name)' took the manifest '\(name)' and does not have it"
                )
            }
        }
    }

    /// Takes a tag away; false where the registry does not offer that.
    ///
    /// The right to delete is asked for where that to push is not enough: Quay lets a tag go with that one, and gives
    /// no token to whom asks for another one.
    func removeTag(_ tag: String) async throws -> Bool {
        let request = manifestRequest(.delete, tag)
        do {
            let response = try await send(request).response
            if response.status != 403 { return await isGone(response) }
            await response.drain()
        } catch let error as RegistryError where error.kind == .denied {}
        return await isGone(try await deleting().send(request).response)
    }

    private func isGone(_ response: HTTPResponse) async -> Bool {
        await response.drain()
        return response.status == 202 || response.status == 404
    }

    private func manifestRequest(_ method: HTTPMethod, _ name: String) -> HTTPRequest {
        HTTPRequest(method, address("manifests/\(name)"), headers: ["accept": Self.accepted])
    }
}

extension ReceivedManifest {
    /// One of our own.
    package init(mediaType: MediaType, own bytes: [UInt8]) {
        self.init(mediaType: mediaType, digest: Digester.digest(of: bytes), bytes: bytes)
    }
}
