import HTTPTransport
package import OCI
import SystemIO

extension RepositoryClient {
    /// Puts documents beside a manifest of the repository, and sees to it that they are listed as its referrers.
    ///
    /// What is there and listed is not sent again; lines of others stay.
    package func attach(
        _ attachments: [Attachment],
        to subject: ContentDescriptor
    ) async throws -> AttachmentOutcome {
        let byAPI = try await referrersByAPI(of: subject.digest)
        let listed = if let byAPI { byAPI } else { try await referrersIndex(of: subject.digest).entries }
        var outcome = AttachmentOutcome()
        var forAPI: [ContentDescriptor] = []
        var forTag: [ContentDescriptor] = []
        for attachment in attachments {
            let (manifest, entry) = attachment.artifact(of: subject)
            if let known = try await present(listed.filter { attachment.matches($0, entry) }) {
                outcome.manifests.append(known)
                continue
            }
            let name = manifest.digest.description
            outcome.manifests.append(manifest.digest)
            outcome.isUnchanged = false
            for blob in [Attachment.emptyConfig, attachment.document] where try await push(blob) == .uploaded {
                outcome.uploadedBytes += blob.descriptor.size
            }
            let answer = try await sendManifest(manifest, as: name)
            try await confirm(manifest, name)
            // Only a registry that says so has taken note of the subject.
            let isNoted = byAPI != nil && answer["oci-subject"] == subject.digest.description
            if isNoted { forAPI.append(entry) } else { forTag.append(entry) }
        }
        try await confirmListed(forAPI, of: subject.digest)
        if !forTag.isEmpty { try await list(forTag, of: subject.digest) }
        return outcome
    }

    /// The first of the listed manifests that is really there.
    private func present(_ listed: [ContentDescriptor]) async throws -> Digest? {
        for entry in listed where try await manifestDigest(entry.digest.description) == entry.digest {
            return entry.digest
        }
        return nil
    }

    private func confirmListed(_ entries: [ContentDescriptor], of subject: Digest) async throws {
        var failures = 0
        while !entries.isEmpty {
            let listed = Set(try await referrersByAPI(of: subject)?.map(\.digest) ?? [])
            guard let missing = entries.first(where: { !listed.contains($0.digest) }) else { return }
            failures += 1
            guard try await session.wait(afterFailure: failures) else {
                throw RegistryError(
                    .wrongContent,
                    "'\(name)' took '\(missing.digest)' as a referrer of '\(subject)' and does not list it"
                )
            }
        }
    }

    /// Adds lines to the index under the tag.
    ///
    /// It is read again afterwards: of two who write at the same time one finds that he has to do it again.
    private func list(_ entries: [ContentDescriptor], of subject: Digest) async throws {
        let tag = ReferrersIndex.tag(of: subject)
        var failures = 0
        while true {
            var index = try await referrersIndex(of: subject)
            let lacking = index.lacking(entries)
            if lacking.isEmpty { return }
            index.add(lacking)
            guard !index.isTooLarge else {
                throw RegistryError(
                    .refused,
                    "'\(name):\(tag)' lists \(index.entries.count - lacking.count) referrers, and there is no room "
                        + "for more",
                    fix: "remove the tag, or push with '--no-attestations'"
                )
            }
            _ = try await sendManifest(index.received, as: tag)
            guard let missing = try await referrersIndex(of: subject).lacking(entries).first else { return }
            failures += 1
            guard try await session.wait(afterFailure: failures) else {
                throw RegistryError(
                    .wrongContent,
                    "'\(name)' took '\(missing.digest)' into its tag '\(tag)' and does not list it there"
                )
            }
        }
    }
}

extension PushedContent {
    /// What the manifest is to those that refer to it.
    package var descriptor: ContentDescriptor {
        ContentDescriptor(mediaType: manifest.mediaType, digest: manifest.digest, size: Int64(manifest.bytes.count))
    }

    /// Puts documents beside the manifest, or beside another one of the same repository.
    package func attach(
        _ attachments: [Attachment],
        to subject: ContentDescriptor? = nil
    ) async throws -> AttachmentOutcome {
        try await client.attach(attachments, to: subject ?? descriptor)
    }
}
