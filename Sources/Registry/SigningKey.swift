import Crypto
import FoundationEssentials

/// A private ECDSA key on the curve P-256; it is never written anywhere.
package struct SigningKey: Sendable, CustomStringConvertible {
    private let key: P256.Signing.PrivateKey
    /// What tells people which key it is: a file, or `env:NAME`.
    package let name: String
    package let verificationKey: VerificationKey

    package var description: String { "the key '\(name)'" }

    /// Reads an unencrypted key from PEM: PKCS#8 (`PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`).
    package init(pem text: String, name: String) throws(KeyError) {
        let blocks = PEMBlock.all(in: text)
        for block in blocks where block.isEncrypted || block.label.hasPrefix("ENCRYPTED ") {
            throw Self.encrypted(block, name)
        }
        guard let block = blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) else {
            let isPublic = blocks.contains { $0.label.hasSuffix("PUBLIC KEY") }
            throw KeyError(
                "'\(name)' has no private key in PEM form",
                why: isPublic ? "it has a public key, which verifies signatures and makes none" : nil,
                fix: "make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY'"
            )
        }
        guard ["PRIVATE KEY", "EC PRIVATE KEY"].contains(block.label), let content = block.content,
            let key = try? P256.Signing.PrivateKey(derRepresentation: content)
        else {
            throw KeyError(
                "'\(name)' has a private key that is none of ECDSA on the curve P-256, or is damaged",
                why: "signatures are made with ECDSA on P-256 and SHA-256, which is what cosign's keys are",
                fix: "make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY'"
            )
        }
        self.key = key
        self.name = name
        verificationKey = VerificationKey(key.publicKey, name: name)
    }

    private static func encrypted(_ block: PEMBlock, _ name: String) -> KeyError {
        let isCosign = block.label.contains("SIGSTORE") || block.label.contains("COSIGN")
        return KeyError(
            "'\(name)' has an encrypted key, and only unencrypted ones are read",
            why: isCosign ? "its encryption is cosign's own, which openssl does not read either" : nil,
            fix: isCosign
                ? "make a key with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY'; "
                    + "'cosign import-key-pair --key KEY' makes it one for cosign, too"
                : "decrypt it with 'openssl pkey -in \(KeyError.file(name)) -out KEY', into a file that only its owner can read"
        )
    }

    /// The ASN.1 DER form of the signature over the SHA-256 of `bytes`; no two are alike.
    func signature(of bytes: [UInt8]) throws -> [UInt8] { try Array(key.signature(for: bytes).derRepresentation) }
}
