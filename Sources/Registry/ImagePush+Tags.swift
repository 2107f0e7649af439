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

/// Tags that a cancelled push may have set, and could not put back in time.
package struct TagsLeft: Error, Hashable, Sendable {
    /// Sorted.
    package let references: [String]

    /// As in `'registry.example.com/web:1.4', 'registry.example.com/web:latest'`.
    package var names: String { references.map { "'\($0)'" }.joined(separator: ", ") }
}

/// A tag that has been set, or may be.
private struct SetTag: Sendable {
    let tag: PushedTag
    /// What it stood for; nil where there was none.
    let before: Digest?
    /// The request was cut off: the registry may have all of it, and act on it after it was asked what there is.
    var mayBeSetLater = false
}

extension ImagePush {
    /// Sets all tags, or none of them: what was set before the first failure is put back.
    ///
    /// Gives the references that stood for the content already. Throws `TagsLeft` where the task was cancelled and not
    /// all could be put back.
    package func tag(_ tags: [PushedTag]) async throws -> Set<String> {
        var before: [Digest?] = []
        for tag in tags { before.append(try await holder(of: tag)) }
        var unchanged: Set<String> = []
        for (position, tag) in tags.enumerated() {
            if before[position] == tag.content.manifestDigest {
                unchanged.insert(tag.reference)
                continue
            }
            var wasSent = false
            do {
                try Task.checkCancellation()
                wasSent = true
                try await tag.content.client.putManifest(tag.content.manifest, as: tag.tag)
            } catch {
                // The one that failed may have been set all the same.
                var set = zip(tags, before).prefix(position + 1).map { SetTag(tag: $0, before: $1) }
                set[position].mayBeSetLater = wasSent && Task.isCancelled
                let left = await putBackInTime(set)
                guard !left.references.isEmpty else { throw error }
                if Task.isCancelled { throw left }
                guard var failure = error as? RegistryError else { throw error }
                failure.why =
                    "these tags were set before, and the registry does not let them be taken back: \(left.names)"
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

    /// Puts tags back, and tells those that could not be; in a cancelled task it ends soon.
    private func putBackInTime(_ tags: [SetTag]) async -> TagsLeft {
        let (cancellation, signal) = AsyncStream<Void>.makeStream()
        return await withTaskCancellationHandler {
            // A task of its own: in a cancelled one each request ends before it is sent.
            await Task {
                await withTaskGroup(of: TagsLeft?.self) { group in
                    group.addTask { await putBack(tags) }
                    group.addTask {
                        for await _ in cancellation {}
                        // Its time begins with the cancellation, and not with the work; cut short when all is put back.
                        try? await Task.sleep(for: session.pace.farewell)
                        return nil
                    }
                    var left = TagsLeft(references: [])
                    for await ended in group {
                        if let ended { left = ended }
                        group.cancelAll()
                    }
                    return left
                }
            }.value
        } onCancel: {
            signal.finish()
        }
    }

    private func putBack(_ tags: [SetTag]) async -> TagsLeft {
        await withTaskGroup(of: String?.self) { group in
            var waiting = tags.filter { $0.before != $0.tag.content.manifestDigest }[...]
            func startNext() {
                guard let set = waiting.popFirst() else { return }
                group.addTask { await isBack(set) ? nil : set.tag.reference }
            }
            for _ in 0..<width { startNext() }
            var left: Set<String> = []
            for await reference in group {
                if let reference { left.insert(reference) }
                startNext()
            }
            return TagsLeft(references: left.sorted())
        }
    }

    /// Sees to it that the tag stands for what it stood for before; false where that failed.
    private func isBack(_ set: SetTag) async -> Bool {
        let tag = set.tag
        let client = tag.content.client
        do {
            if try await client.manifestDigest(tag.tag) == set.before { return !set.mayBeSetLater }
            guard let before = set.before, let manifest = try await client.manifest(before.description) else {
                return try await client.removeTag(tag.tag)
            }
            try await client.putManifest(manifest, as: tag.tag)
            return true
        } catch {
            return false
        }
    }
}
