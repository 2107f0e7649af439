import OCI
package import SystemIO

/// The keys of which one has to have signed.
package struct TrustedKeys: Sendable, Hashable {
    package let keys: [VerificationKey]

    /// At least one.
    package init(_ keys: [VerificationKey]) {
        precondition(!keys.isEmpty, "nothing is trusted without a key")
        self.keys = keys
    }

    var names: String { keys.map { "'\($0.name)'" }.joined(separator: " or ") }
}

/// The proof that a manifest is signed.
package struct VerifiedSignature: Sendable, Hashable {
    /// Which manifest is signed.
    package let manifest: Digest
    package let key: VerificationKey
}

/// What a repository has as a signature: the bytes of the payload, or why there are none.
struct SignatureReading: Sendable {
    let payload: Result<[UInt8], RegistryError>
    let signature: [UInt8]

    /// Whether it is the key's, and of this manifest.
    func isBy(_ key: VerificationKey, for manifest: Digest) -> Bool {
        guard case .success(let bytes) = payload, key.isValid(signature, of: bytes) else { return false }
        return (try? SimpleSigningPayload(decoding: bytes))?.manifest == manifest
    }

    /// Why it is no good, as in `signature 2 is ...`.
    func fault(_ keys: [VerificationKey]) -> String {
        let bytes: [UInt8]
        switch payload {
        case .failure(let error): return "has no readable payload: \(error.message)"
        case .success(let found): bytes = found
        }
        guard let key = keys.first(where: { $0.isValid(signature, of: bytes) }) else { return "is by none of the keys" }
        do throws(DocumentError) {
            return "by '\(key.name)' is of the manifest '\(try SimpleSigningPayload(decoding: bytes).manifest)'"
        } catch {
            return "by '\(key.name)' is of something else: \(error)"
        }
    }
}

extension RepositoryClient {
    /// Proves that a manifest is signed by one of the keys, or throws a `RegistryError` of the kind `notSigned`.
    ///
    /// `manifests` are digests of which any one may be signed: those of an index, and of the image in it that is used.
    /// What is believed is the digest in a payload that one of the keys has signed, and nothing else that the registry
    /// says. Signatures by other keys, and damaged ones, do no harm beside a good one.
    package func verify(anyOf manifests: [Digest], by trusted: TrustedKeys) async throws -> VerifiedSignature {
        var reasons: [String] = []
        let wanted = manifests.reduce(into: [Digest]()) { if !$0.contains($1) { $0.append($1) } }
        for manifest in wanted {
            guard let list = try await signatureList(of: manifest) else { continue }
            for (position, found) in try await readings(of: list).enumerated() {
                if let key = trusted.keys.first(where: { found.isBy($0, for: manifest) }) {
                    return VerifiedSignature(manifest: manifest, key: key)
                }
                reasons.append("signature \(position + 1) \(found.fault(trusted.keys))")
            }
        }
        let shown = reasons.prefix(5) + (reasons.count > 5 ? ["and \(reasons.count - 5) more"] : [])
        throw RegistryError(
            .notSigned,
            "'\(name)@\(wanted[0])' is not signed by \(trusted.names)",
            why: reasons.isEmpty ? "the repository has no signature of it" : shown.joined(separator: "; "),
            fix: "if it is what it should be, sign it with 'ovenbird sign \(name)@\(wanted[0]) --key KEY'"
        )
    }

    /// What stands under the tag of a manifest's signatures; nil where nothing does.
    func signatureList(of manifest: Digest) async throws -> SignatureList? {
        let tag = SignatureList.tag(of: manifest)
        guard let found = try await self.manifest(tag) else { return nil }
        do throws(DocumentError) {
            return try SignatureList(decoding: found.bytes)
        } catch {
            throw RegistryError(.wrongContent, "'\(name):\(tag)' is no list of signatures: \(error)")
        }
    }

    /// The signatures with their payloads, each verified by its digest.
    func readings(of list: SignatureList) async throws -> [SignatureReading] {
        var found: [SignatureReading] = []
        for (payload, signature) in list.entries {
            found.append(SignatureReading(payload: try await self.payload(payload), signature: signature))
        }
        return found
    }

    /// A payload that is not there, or not what it should be, is no signature; a registry that does not answer is a
    /// failure.
    private func payload(_ blob: ContentDescriptor) async throws -> Result<[UInt8], RegistryError> {
        guard blob.size <= Int64(SimpleSigningPayload.largest) else {
            return .failure(
                RegistryError(
                    .wrongContent,
                    "it has \(blob.size) bytes, more than the limit of \(SimpleSigningPayload.largest)"
                )
            )
        }
        do {
            return .success(try await smallBlob(blob))
        } catch let error as RegistryError where error.kind == .wrongContent || error.kind == .notFound {
            return .failure(error)
        }
    }
}

extension RemoteImage {
    /// Proves that the image is signed by one of the keys: what its reference stands for, or its own manifest.
    ///
    /// Both name all of its content by digests.
    @discardableResult
    package func verify(by trusted: TrustedKeys) async throws -> VerifiedSignature {
        try await client.verify(anyOf: [entry, manifestDigest], by: trusted)
    }
}
