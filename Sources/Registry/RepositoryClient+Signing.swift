package import SystemIO

/// What became of a manifest that was to be signed.
package struct SigningOutcome: Sendable, Hashable {
    package let manifest: Digest
    /// A signature by the key was there before.
    package let isUnchanged: Bool
    /// Under which the repository keeps the signatures.
    package let tag: String
}

extension RepositoryClient {
    /// Puts a signature of a manifest beside it, unless the key has signed it already.
    ///
    /// Signatures of others stay. Refused is what the repository does not have, and what stands under the tag of the
    /// signatures and is no list of them. The API has no way to change a tag only if nobody else does: of two who sign
    /// the same manifest at the same instant one may be lost, and has to sign again.
    package func sign(_ manifest: Digest, with key: SigningKey) async throws -> SigningOutcome {
        guard try await self.manifest(manifest.description) != nil else {
            throw RegistryError(.notFound, "'\(name)' has no '\(manifest)'")
        }
        let tag = SignatureList.tag(of: manifest)
        var list = try await signatureList(of: manifest) ?? SignatureList()
        let found = try await readings(of: list)
        if found.contains(where: { $0.isBy(key.verificationKey, for: manifest) }) {
            return SigningOutcome(manifest: manifest, isUnchanged: true, tag: tag)
        }
        guard list.count < SignatureList.limit else {
            throw RegistryError(
                .refused,
                "'\(name):\(tag)' has \(list.count) signatures, which is the limit",
                fix: "remove the tag, and sign again with the keys that count"
            )
        }
        let payload = SimpleSigningPayload(repository: name, manifest: manifest).bytes
        for blob in list.add(payload, try key.signature(of: payload)) { _ = try await push(blob) }
        try await putManifest(list.received, as: tag)
        return SigningOutcome(manifest: manifest, isUnchanged: false, tag: tag)
    }

    /// The digest of what a tag or digest stands for, computed from its content.
    package func contentDigest(_ name: String) async throws -> Digest {
        guard let found = try await manifest(name) else {
            throw RegistryError(.notFound, "'\(self.name)' has no '\(name)'")
        }
        return found.digest
    }
}
