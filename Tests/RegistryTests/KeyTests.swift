import Registry
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite(.enabled(if: hasTool("openssl"))) struct KeyTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func openssl(_ arguments: String...) async throws -> String {
        try await requireTool("openssl", arguments, in: folder.path)
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try Files.read(folder.file(name)), as: UTF8.self)
    }

    private func signingFailure(_ text: String) -> String {
        do throws(KeyError) {
            return "\(try SigningKey(pem: text, name: "a.key"))"
        } catch {
            return "\(error)"
        }
    }

    private func verificationFailure(_ text: String) -> String {
        do throws(KeyError) {
            return "\(try VerificationKey(pem: text, name: "a.pub").digest)"
        } catch {
            return "\(error)"
        }
    }

    private func makeKeys() async throws {
        _ = try await openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "sec1.pem")
        _ = try await openssl("pkcs8", "-topk8", "-nocrypt", "-in", "sec1.pem", "-out", "pkcs8.pem")
        _ = try await openssl("pkey", "-in", "sec1.pem", "-pubout", "-out", "public.pem")
    }

    @Test func `reads PKCS 8 and SEC 1, with parameters and text around, and the same key of both`() async throws {
        try await makeKeys()
        #expect(try text("sec1.pem").hasPrefix("-----BEGIN EC PARAMETERS-----"))
        let wanted = try VerificationKey(pem: text("public.pem"), name: "public")
        let pkcs8 = try text("pkcs8.pem")
        let windows = "Bag Attributes\r\n" + pkcs8.split(separator: "\n").joined(separator: "\r\n") + "\r\n"
        for key in [try text("sec1.pem"), pkcs8, windows, pkcs8 + (try text("public.pem"))] {
            #expect(try SigningKey(pem: key, name: "x").verificationKey == wanted)
        }
        let der = try await runTool(
            "openssl",
            ["pkey", "-in", "sec1.pem", "-pubout", "-outform", "DER"],
            in: folder.path
        )
        #expect(Digester.digest(of: der.output) == wanted.digest)
    }

    @Test func `an encrypted key is refused, with the way to decrypt it`() async throws {
        try await makeKeys()
        _ = try await openssl("pkcs8", "-topk8", "-passout", "pass:x", "-in", "sec1.pem", "-out", "encrypted.pem")
        _ = try await openssl("ec", "-aes256", "-passout", "pass:x", "-in", "sec1.pem", "-out", "old.pem")
        let message = """
            'a.key' has an encrypted key, and only unencrypted ones are read
              fix: decrypt it with 'openssl pkey -in a.key -out KEY', into a file that only its owner can read
            """
        #expect(signingFailure(try text("encrypted.pem")) == message)
        #expect(try text("old.pem").contains("Proc-Type: 4,ENCRYPTED"))
        #expect(signingFailure(try text("old.pem")) == message)
        #expect(try await openssl("pkey", "-in", "encrypted.pem", "-passin", "pass:x") == text("pkcs8.pem"))
        for label in ["SIGSTORE", "COSIGN"] {
            #expect(
                signingFailure(
                    "-----BEGIN ENCRYPTED \(label) PRIVATE KEY-----\neyJrZGYi\n"
                        + "-----END ENCRYPTED \(label) PRIVATE KEY-----\n"
                )
                    == """
                    'a.key' has an encrypted key, and only unencrypted ones are read
                      why: its encryption is cosign's own, which openssl does not read either
                      fix: make a key with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY'; \
                    'cosign import-key-pair --key KEY' makes it one for cosign, too
                    """
            )
        }
    }

    @Test func `keys of another kind are refused`() async throws {
        let rsa = try await openssl("genrsa", "-traditional", "1024")
        let rsa8 = try await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
        let p384 = try await openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout")
        let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        for key in [rsa, rsa8, p384, damaged, damaged.replacing("AAAA", with: "!")] {
            #expect(
                signingFailure(key)
                    == """
                    'a.key' has a private key that is none of ECDSA on the curve P-256, or is damaged
                      why: signatures are made with ECDSA on P-256 and SHA-256, which is what cosign's keys are
                      fix: make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY'
                    """
            )
        }
        try folder.write(p384, to: "p384.pem")
        for key in [
            try await openssl("pkey", "-in", "p384.pem", "-pubout"),
            "-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----\n",
        ] {
            #expect(
                verificationFailure(key)
                    == """
                    'a.pub' has a public key that is none of ECDSA on the curve P-256, or is damaged
                      why: signatures are verified with ECDSA on P-256 and SHA-256, which is what cosign's keys are
                    """
            )
        }
    }

    @Test func `the wrong half of a pair is refused`() async throws {
        try await makeKeys()
        #expect(
            signingFailure(try text("public.pem"))
                == """
                'a.key' has no private key in PEM form
                  why: it has a public key, which verifies signatures and makes none
                  fix: make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY'
                """
        )
        #expect(
            verificationFailure(try text("sec1.pem"))
                == """
                'a.pub' has no public key in PEM form
                  why: it has a private key, which does not belong where signatures are verified
                  fix: write its public half with 'openssl pkey -in a.pub -pubout -out KEY'
                """
        )
        #expect(
            verificationFailure("hello")
                == """
                'a.pub' has no public key in PEM form
                  fix: name the file that 'openssl pkey -pubout' or 'cosign generate-key-pair' wrote
                """
        )
        #expect(signingFailure("-----BEGIN PRIVATE KEY-----\n").hasPrefix("'a.key' has no private key in PEM form\n"))
    }
}
