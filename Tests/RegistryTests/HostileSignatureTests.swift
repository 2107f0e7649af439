import FakeRegistry
import OCI
import Registry
import SystemIO
import TestSupport
import Testing

/// What a registry may put where signatures are expected.
@Suite(.enabled(if: hasTool("openssl"))) struct HostileSignatureTests {
    @Test func `damaged signatures do no harm beside a good one`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        try await kitchen.sign(key.signing)
        let good = try #require(try kitchen.signatures().first)
        let payload = kitchen.payload()
        var foreign = kitchen.layer(payload, [1])
        foreign.mediaType = .layer
        var unsigned = kitchen.layer(payload, [])
        unsigned.annotations = [:]
        var long = unsigned
        long.annotations = ["dev.cosignproject.cosign/signature": String(repeating: "A", count: 100_000)]
        var junk = unsigned
        junk.annotations = ["dev.cosignproject.cosign/signature": "%%%"]
        var gone = unsigned
        gone.digest = Digester.digest(of: "nobody has it")
        kitchen.put([foreign, unsigned, long, junk, gone])
        let found = await kitchen.verify(key.verification)
        #expect(found.contains("  why: signature 1 is by none of the keys; signature 2 is by none"), "\(found)")
        #expect(found.contains("signature 4 has no readable payload: GET http://HOST/v2/shop/web/blobs/sha256:"))
        kitchen.put([foreign, unsigned, long, junk, gone, good])
        #expect(await kitchen.verify(key.verification) == "release.pub")
    }

    @Test func `a payload that is too large is not fetched`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        let large = [UInt8](repeating: 32, count: (64 << 10) + 1)
        let layer = kitchen.layer(large, try await kitchen.opensslSignature(of: large, by: "release"))
        kitchen.put([layer])
        let found = await kitchen.verify(key.verification)
        #expect(
            found.contains(
                "signature 1 has no readable payload: it has 65537 bytes, more than the limit of 65536\n"
            ),
            "\(found)"
        )
        #expect(!kitchen.registry.lines.contains { $0.hasSuffix(layer.digest.hex) })
    }

    @Test func `more than a hundred signatures are not read, nor a hundred and first written`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        let layer = kitchen.layer(kitchen.payload(), [1])
        kitchen.put(Array(repeating: layer, count: 101))
        #expect(
            await kitchen.verify(key.verification)
                == "'HOST/shop/web:sha256-HEX.sig' is no list of signatures: list of signatures: it has 101 of them, "
                + "more than the limit of 100"
        )
        kitchen.put(Array(repeating: layer, count: 100))
        #expect(
            await kitchen.signingFailure(key.signing)
                == """
                'HOST/shop/web:sha256-HEX.sig' has 100 signatures, which is the limit
                  fix: remove the tag, and sign again with the keys that count
                """
        )
    }

    @Test func `what is no list of signatures is neither read nor written over`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        let index = ImageIndex(manifests: []).json.canonicalBytes
        for (bytes, type) in [
            (Array("[]".utf8), MediaType.imageManifest), (Array("{}".utf8), .imageManifest), (index, .imageIndex),
        ] {
            kitchen.registry.put(bytes, manifestOf: "shop/web", as: [kitchen.tag], type: type.description)
            let start = "'HOST/shop/web:sha256-HEX.sig' is no list of signatures: "
            let verifying = await kitchen.verify(key.verification)
            #expect(verifying.hasPrefix(start), "\(verifying)")
            let signing = await kitchen.signingFailure(key.signing)
            #expect(signing.hasPrefix(start), "\(signing)")
            #expect(kitchen.registry.manifest("shop/web", kitchen.tag) == bytes)
        }
    }

    @Test func `a registry that does not answer is a failure, and no verdict`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        try await kitchen.sign(key.signing)
        kitchen.registry.add(.init(times: .max, .answer(FakeAnswer(503))) { $0.path.contains("/blobs/") })
        let found = await kitchen.verify(key.verification)
        #expect(found.hasPrefix("GET http://HOST/v2/shop/web/blobs/sha256:"), "\(found)")
        #expect(found.contains(": 503"))
    }
}
