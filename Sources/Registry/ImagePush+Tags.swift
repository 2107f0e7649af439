import OCI
package import SystemIO

/// A tag that is to stand for pushed content.
package struct PushedTag: Sendable {
    package let content: PushedContent
    package let tag: String
    /// A version never changes its meaning; any other tag may be moved.
    package let isVersion: Bool

    package init(_ content: PushedContent, tag: String, isVersion: Bool) {
        self.content = content
        self.tag = tag
        self.isVersion = isVersion
    }

    package var reference: String { "\(content.repository):\(tag)" }
}

/// A version that stands for another image in a registry; exit status 7.
package struct TagTaken: Error, Hashable, Sendable, CustomStringConvertible {
    package let reference: String
    /// The identity of the image, or the digest of what it stands for.
    package let holder: Digest

    package var description: String {
        "'\(reference)' stands for another image, '\(holder)', and a version never changes its meaning"
    }
}

extension ImagePush {
    /// Sets all tags, or none of them: what was set before the first failure is put back.
    ///
    /// Gives the references that stood for the content already.
    package func tag(_ tags: [PushedTag]) async throws -> Set<String> {
        var before: [Digest?] = []
        for tag in tags { before.append(try await holder(of: tag)) }
        var unchanged: Set<String> = []
        for (position, tag) in tags.enumerated() {
            if before[position] == tag.content.manifestDigest {
                unchanged.insert(tag.reference)
                continue
            }
            do {
                try await tag.content.client.putManifest(tag.content.manifest, as: tag.tag)
            } catch {
                // The one that failed may have been set all the same.
                let left = await putBack(Array(zip(tags, before).prefix(position + 1)))
                guard var failure = error as? RegistryError, !left.isEmpty else { throw error }
                failure.why =
                    "these tags were set before, and the registry does not let them be taken back: "
                    + left.map { "'\($0)'" }.joined(separator: ", ")
                throw failure
            }
        }
        return unchanged
    }

    /// What the tag stands for now; throws `TagTaken` where it is a version of another image.
    private func holder(of tag: PushedTag) async throws -> Digest? {
        guard let found = try await tag.content.client.manifestDigest(tag.tag) else { return nil }
        guard tag.isVersion, found != tag.content.manifestDigest else { return found }
        // The same image may have been pushed with other compression.
        let configs = try await configs(
            of: found,
            count: tag.content.configs.count,
            tag.content.client
        )
        guard configs == tag.content.configs else {
            throw TagTaken(reference: tag.reference, holder: configs.count == 1 ? configs[0] : found)
        }
        return found
    }

    /// The identities of what a manifest or an index holds, sorted; none where it is neither, or an
    /// index of another number of images than `count`.
    private func configs(of digest: Digest, count: Int, _ client: RepositoryClient) async throws -> [ImageIdentity] {
        guard let found = try await client.manifest(digest.description) else { return [] }
        if let manifest = try? ImageManifest(decoding: found.bytes) { return [manifest.config.digest] }
        // Another image needs no closer look, and may be an index of thousands.
        guard let index = try? ImageIndex(decoding: found.bytes), index.manifests.count == count else { return [] }
        var configs: [ImageIdentity] = []
        for entry in index.manifests {
            let manifest = try await client.manifest(entry.digest.description)
            // One that cannot be read is none of ours.
            configs.append(manifest.flatMap { try? ImageManifest(decoding: $0.bytes) }?.config.digest ?? entry.digest)
        }
        return configs.sorted()
    }

    /// Gives the references that could not be put back.
    private func putBack(_ tags: [(PushedTag, Digest?)]) async -> [String] {
        var left: [String] = []
        for (tag, before) in tags.reversed() where before != tag.content.manifestDigest {
            let client = tag.content.client
            do {
                guard try await client.manifestDigest(tag.tag) != before else { continue }
                if let before, let manifest = try await client.manifest(before.description) {
                    try await client.putManifest(manifest, as: tag.tag)
                } else if try await !client.removeTag(tag.tag) {
                    left.append(tag.reference)
                }
            } catch {
                left.append(tag.reference)
            }
        }
        return left.sorted()
    }
}
