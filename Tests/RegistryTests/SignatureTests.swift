import FakeRegistry
import HTTPTransport
import OCI
import Registry
import SystemIO
import TestSupport
import Testing

@Suite(.enabled(if: hasTool("openssl"))) struct SignatureTests {
    @Test func `a payload is what cosign writes`() {
        let digest = Digester.digest(of: "x")
        let payload = SimpleSigningPayload(repository: "registry.example.com/shop/web", manifest: digest)
        #expect(
            String(decoding: payload.bytes, as: UTF8.self)
                == #"{"critical":{"identity":{"docker-reference":"registry.example.com/shop/web"},"#
                + #""image":{"docker-manifest-digest":"\#(digest)"},"#
                + #""type":"cosign container image signature"},"optional":null}"#
        )
        #expect((try? SimpleSigningPayload(decoding: payload.bytes)) == payload)
    }

    @Test func `a signature is stored as cosign stores it, and openssl verifies it`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        let outcome = try await kitchen.sign(key.signing)
        #expect(!outcome.isUnchanged)
        #expect(outcome.tag == kitchen.tag)
        #expect(await kitchen.verify(key.verification) == "release.pub")

        let list = try #require(kitchen.registry.manifest("shop/web", kitchen.tag))
        let manifest = try ImageManifest(decoding: list)
        #expect(manifest.mediaType == .imageManifest)
        #expect(manifest.config.mediaType == .imageConfig)
        let layer = try #require(manifest.layers.first)
        #expect(manifest.layers.count == 1)
        #expect(layer.mediaType.description == "application/vnd.dev.cosign.simplesigning.v1+json")
        let payload = try #require(kitchen.registry.blob("shop/web", layer.digest))
        let config = try #require(kitchen.registry.blob("shop/web", manifest.config.digest))
        #expect(
            String(decoding: config, as: UTF8.self)
                == #"{"architecture":"","config":{},"os":"","rootfs":{"diff_ids":["\#(layer.digest)"],"type":"layers"}}"#
        )
        let signature = try #require(
            layer.annotations["dev.cosignproject.cosign/signature"].flatMap { Base64.decode($0) }
        )
        #expect(try await kitchen.opensslVerifies(payload, signature, by: "release"))
        #expect(try await !kitchen.opensslVerifies(payload + [32], signature, by: "release"))
    }

    @Test func `what openssl has signed is accepted`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        // White space, other claims and another name are the signer's own affair.
        let payload = Array(
            """
            {"optional": {"creator": "somebody", "timestamp": 1700000000},
             "critical": {"type": "cosign container image signature",
              "image": {"docker-manifest-digest": "\(kitchen.manifest)"}, "identity": {"docker-reference": ""}}}
            """.utf8
        )
        let signature = try await kitchen.opensslSignature(of: payload, by: "release")
        kitchen.put([kitchen.layer(payload, signature)])
        #expect(await kitchen.verify(key.verification) == "release.pub")
    }

    @Test func `a key signs once, and leaves the signatures of others`() async throws {
        let kitchen = try await SigningBench()
        let first = try await kitchen.makeKey("first")
        let second = try await kitchen.makeKey("second")
        try await kitchen.sign(first.signing)
        let before = try kitchen.signatures()
        let count = kitchen.registry.requests.filter { $0.method == "PUT" || $0.method == "POST" }.count
        let again = try await kitchen.sign(first.signing)
        #expect(again.isUnchanged)
        #expect(kitchen.registry.requests.filter { $0.method == "PUT" || $0.method == "POST" }.count == count)
        try await kitchen.sign(second.signing)
        let after = try kitchen.signatures()
        #expect(after.count == 2)
        #expect(after.first == before.first)
        #expect(await kitchen.verify(first.verification) == "first.pub")
        #expect(await kitchen.verify(second.verification) == "second.pub")
        #expect(await kitchen.verify(second.verification, first.verification) == "first.pub")
    }

    @Test func `an unsigned manifest is refused, and what is not there is not signed`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        #expect(
            await kitchen.verify(key.verification)
                == """
                'HOST/shop/web@sha256:HEX' is not signed by 'release.pub'
                  why: the repository has no signature of it
                  fix: if it is what it should be, sign it with 'ovenbird sign HOST/shop/web@sha256:HEX --key KEY'
                """
        )
        let other = Digester.digest(of: "another")
        #expect(await kitchen.signingFailure(key.signing, other) == "'HOST/shop/web' has no '\(other)'")
    }

    @Test func `of an image in an index either may be signed`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        let index = ImageIndex(manifests: [
            ContentDescriptor(
                mediaType: .imageManifest,
                digest: kitchen.manifest,
                size: Int64(kitchen.bench.image.json.canonicalBytes.count),
                platform: Platform(architecture: "amd64")
            )
        ]).json.canonicalBytes
        let digest = Digester.digest(of: index)
        kitchen.registry.put(
            index,
            manifestOf: "shop/web",
            as: ["many"],
            type: MediaType.imageIndex.description
        )
        let refused = await kitchen.verify(key.verification, tag: "many")
        #expect(refused.hasPrefix("'HOST/shop/web@\(digest)' is not signed by 'release.pub'\n"), "\(refused)")
        try await kitchen.sign(key.signing)
        #expect(await kitchen.verify(key.verification, tag: "many") == "sha256:HEX")
        try await kitchen.sign(key.signing, digest)
        #expect(await kitchen.verify(key.verification, tag: "many") == "\(digest)")
    }

    @Test func `another key's signature is refused`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        let thief = try await kitchen.makeKey("thief")
        let other = try await kitchen.makeKey("other")
        try await kitchen.sign(thief.signing)
        #expect(
            await kitchen.verify(key.verification, other.verification).hasPrefix(
                "'HOST/shop/web@sha256:HEX' is not signed by 'release.pub' or 'other.pub'\n"
                    + "  why: signature 1 is by none of the keys\n"
            )
        )
    }

    @Test func `a tampered manifest has another digest, and its signatures are not carried over`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        try await kitchen.sign(key.signing)
        var tampered = kitchen.bench.image
        tampered.annotations["evil"] = "yes"
        let bytes = tampered.json.canonicalBytes
        let digest = Digester.digest(of: bytes)
        kitchen.registry.put(bytes, manifestOf: "shop/web", as: ["1.0"], type: MediaType.imageManifest.description)
        // Whoever can write there can copy the signatures, too.
        let list = try #require(kitchen.registry.manifest("shop/web", kitchen.tag))
        let copied = "sha256-\(digest.hex).sig"
        kitchen.registry.put(list, manifestOf: "shop/web", as: [copied], type: MediaType.imageManifest.description)
        let found = await kitchen.verify(key.verification, of: digest)
        #expect(
            found.contains(
                "is not signed by 'release.pub'\n"
                    + "  why: signature 1 by 'release.pub' is of the manifest 'sha256:HEX'\n"
            ),
            "\(found)"
        )
        // And a registry that gives other bytes under the digest gives nothing.
        kitchen.registry.put(
            bytes,
            manifestOf: "shop/web",
            as: [kitchen.manifest.description],
            type: MediaType.imageManifest.description
        )
        let failure = await kitchen.signingFailure(key.signing)
        #expect(failure.hasSuffix("manifests/sha256:HEX: its content has the digest '\(digest)'"), "\(failure)")
    }

    @Test func `a tampered payload is refused`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        try await kitchen.sign(key.signing)
        let layer = try #require(try kitchen.signatures().first)
        let payload = try #require(kitchen.registry.blob("shop/web", layer.digest))
        var tampered = payload
        tampered[tampered.count - 2] = UInt8(ascii: "x")
        kitchen.registry.put(tampered, blobOf: "shop/web", as: layer.digest)
        let found = await kitchen.verify(key.verification)
        #expect(found.contains("  why: signature 1 has no readable payload: the blob '\(layer.digest)'"), "\(found)")
        #expect(found.contains("has another content, with the digest '\(Digester.digest(of: tampered))'"))

        // The same with a digest that fits.
        let signature = try #require(
            layer.annotations["dev.cosignproject.cosign/signature"].flatMap { Base64.decode($0) }
        )
        kitchen.put([kitchen.layer(tampered, signature)])
        #expect(await kitchen.verify(key.verification).contains("  why: signature 1 is by none of the keys\n"))
    }

    @Test func `a signature of something else is refused`() async throws {
        let kitchen = try await SigningBench()
        let key = try await kitchen.makeKey("release")
        for (text, reason) in [
            ("{}", "signature payload: 'critical.type' is not 'cosign container image signature'"),
            (
                #"{"critical":{"type":"cosign container image signature","image":{"docker-manifest-digest":"sha1:1"}}}"#,
                "signature payload: 'critical.image.docker-manifest-digest' is not a SHA-256 digest"
            ),
            ("release 1.0", "JSON"),
        ] {
            let payload = Array(text.utf8)
            let signature = try await kitchen.opensslSignature(of: payload, by: "release")
            kitchen.put([kitchen.layer(payload, signature)])
            let found = await kitchen.verify(key.verification)
            #expect(found.contains("  why: signature 1 by 'release.pub' is of something else: "), "\(found)")
            #expect(found.contains(reason), "\(found)")
        }
    }
}
