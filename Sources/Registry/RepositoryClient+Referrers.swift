import HTTPTransport
package import OCI
package import SystemIO

extension RepositoryClient {
    /// What the repository says refers to a manifest: by the referrers API, else under the tag that stands in for it.
    ///
    /// Nothing of it is verified: see `artifact(_:of:)`.
    package func referrers(of subject: Digest) async throws -> [ContentDescriptor] {
        if let listed = try await referrersByAPI(of: subject) { return listed }
        return try await referrersIndex(of: subject).entries
    }

    /// What may be referred to under a name: its manifest, or its index with the manifests in it.
    package func subjects(_ name: String) async throws -> [Digest] {
        guard let found = try await manifest(name) else {
            throw RegistryError(.notFound, "'\(self.name)' has no '\(name)'")
        }
        guard found.mediaType.isIndex else { return [found.digest] }
        let manifests: [Digest]
        do throws(DocumentError) {
            manifests = try ImageIndex(decoding: found.bytes).manifests.map(\.digest)
        } catch {
            throw RegistryError(.wrongContent, "'\(self.name)@\(found.digest)' is no index: \(error)")
        }
        // Each costs a request; real indexes name some ten platforms.
        guard manifests.count <= 100 else {
            throw RegistryError(
                .wrongContent,
                "'\(self.name)@\(found.digest)' is an index of \(manifests.count) manifests, more than the limit of 100",
                fix: "name the manifest that you mean by its digest"
            )
        }
        return [found.digest] + manifests
    }

    /// The manifest of a referrer, which is in the repository and names `subject` as its own.
    package func artifact(_ referrer: Digest, of subject: Digest) async throws -> ImageManifest {
        guard let found = try await manifest(referrer.description) else {
            throw RegistryError(.notFound, "'\(name)' has no '\(referrer)', which it lists as a referrer")
        }
        let manifest: ImageManifest
        do throws(DocumentError) {
            manifest = try ImageManifest(decoding: found.bytes)
        } catch {
            throw RegistryError(.wrongContent, "'\(name)@\(referrer)' is no artifact: \(error)")
        }
        guard manifest.subject?.digest == subject else {
            throw RegistryError(
                .wrongContent,
                "'\(name)@\(referrer)' is listed as a referrer of '\(subject)', and does not name it"
            )
        }
        return manifest
    }

    /// nil where the registry has no referrers API.
    func referrersByAPI(of subject: Digest) async throws -> [ContentDescriptor]? {
        var found: [ContentDescriptor] = []
        var page: WebAddress? = address("referrers/\(subject)")
        var count = 0
        while let address = page {
            let asked = HTTPRequest(.get, address, headers: ["accept": MediaType.imageIndex.description])
            let (request, response) = try await send(asked)
            // Registries that do not know the address answer 404, and some of them another refusal.
            if count == 0, [400, 404, 405, 406].contains(response.status) {
                await response.drain()
                return nil
            }
            guard response.status == 200 else { throw await unexpected(request, response) }
            let bytes = try await session.collect(response, of: request, limit: DocumentLimit.bytes)
            do throws(DocumentError) {
                found += try ImageIndex(decoding: bytes).manifests
            } catch {
                throw RegistryError(.wrongContent, "\(describe(request)): it is no list of referrers: \(error)")
            }
            count += 1
            guard count <= 100, found.count <= DocumentLimit.manifests else {
                throw RegistryError(.wrongContent, "\(describe(request)): the list of referrers does not end")
            }
            page = try nextPage(request, response)
        }
        return found
    }

    /// Where a list goes on: `Link: <...>; rel="next"` (RFC 8288).
    private func nextPage(_ request: HTTPRequest, _ response: HTTPResponse) throws -> WebAddress? {
        guard
            let link = response.headers.all("link").first(where: {
                $0.contains("rel=\"next\"") || $0.contains("rel=next")
            })
        else { return nil }
        let place = link.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" }
        guard let next = request.address.following(String(place)), next.hasSameOrigin(as: host.address) else {
            throw RegistryError(.wrongContent, "\(describe(request)): \(response.status) without a usable 'Link'")
        }
        return next
    }

    /// What stands under the tag of a manifest's referrers; an empty list where nothing does.
    func referrersIndex(of subject: Digest) async throws -> ReferrersIndex {
        let tag = ReferrersIndex.tag(of: subject)
        guard let found = try await manifest(tag) else { return ReferrersIndex() }
        do throws(DocumentError) {
            return try ReferrersIndex(decoding: found.bytes)
        } catch {
            throw RegistryError(.wrongContent, "'\(name):\(tag)' is no list of referrers: \(error)")
        }
    }
}
