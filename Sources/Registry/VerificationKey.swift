import Crypto
import FoundationEssentials
package import SystemIO

/// A public ECDSA key on the curve P-256.
package struct VerificationKey: Sendable, Hashable {
    private let key: P256.Signing.PublicKey
    /// What tells people which key it is: a file, or `env:NAME`.
    package let name: String
    /// SHA-256 of the key's SubjectPublicKeyInfo in DER; equal keys have equal ones, whatever their file is called.
    package let digest: SystemIO.Digest

    init(_ key: P256.Signing.PublicKey, name: String) {
        self.key = key
        self.name = name
        digest = Digester.digest(of: Array(key.derRepresentation))
    }

    /// Reads a key from PEM (`PUBLIC KEY`, a SubjectPublicKeyInfo), as openssl and cosign write it.
    package init(pem text: String, name: String) throws(KeyError) {
        let blocks = PEMBlock.all(in: text)
        guard let block = blocks.first(where: { $0.label == "PUBLIC KEY" }) else {
            let isPrivate = blocks.contains { $0.label.hasSuffix("PRIVATE KEY") }
            throw KeyError(
                "'\(name)' has no public key in PEM form",
                why: isPrivate ? "it has a private key, which does not belong where signatures are verified" : nil,
                fix: isPrivate
                    ? "write its public half with 'openssl pkey -in \(KeyError.file(name)) -pubout -out KEY'"
                    : "name the file that 'openssl pkey -pubout' or 'cosign generate-key-pair' wrote"
            )
        }
        guard let content = block.content, let key = try? P256.Signing.PublicKey(derRepresentation: content) else {
            throw KeyError(
                "'\(name)' has a public key that is none of ECDSA on the curve P-256, or is damaged",
                why: "signatures are verified with ECDSA on P-256 and SHA-256, which is what cosign's keys are"
            )
        }
        self.init(key, name: name)
    }

    /// Whether `signature`, ASN.1 in DER form, is one of this key over the SHA-256 of `bytes`.
    package func isValid(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }

    package static func == (left: Self, right: Self) -> Bool { left.digest == right.digest }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
