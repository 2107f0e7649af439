package import OCI
import SystemIO

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
    package let holder: ImageIdentity
    package let wanted: ImageIdentity

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
        let manifest = try await tag.content.client.manifest(found.description)
        let identity = manifest.flatMap { try? ImageManifest(decoding: $0.bytes) }?.config.digest
        guard identity == tag.content.identity else {
            throw TagTaken(reference: tag.reference, holder: identity ?? found, wanted: tag.content.identity)
        }
        return found
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
