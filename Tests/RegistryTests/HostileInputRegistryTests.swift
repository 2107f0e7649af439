import FakeRegistry
import HTTPTransport
import OCI
import Registry
import Store
import SystemIO
import Testing

/// Rows 16 to 21 and 24 of the table of hostile input, against a registry that sends it.
@Suite struct HostileInputRegistryTests {
    private let type = MediaType.imageManifest.description

    private func failure(_ manifest: String, type: String? = nil) async throws -> String {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try registry.hold(bench)
        registry.put(Array(manifest.utf8), manifestOf: "shop/web", as: ["evil"], type: type ?? self.type)
        return await bench.failure(pulling: "shop/web:evil", from: registry)
    }

    @Test func `row 16: a manifest that is two things, or calls itself another`() async throws {
        let bench = try RegistryBench()
        let text = String(decoding: bench.image.json.canonicalBytes, as: UTF8.self)
        let both = text.dropLast() + #","manifests":[]}"#
        #expect(try await failure(String(both)) == "'HOST/shop/web': image manifest: a manifest has no 'manifests'")
        let other = try await failure(text, type: MediaType.imageIndex.description)
        #expect(
            other == "GET http://HOST/v2/shop/web/manifests/evil: it says '\(MediaType.imageManifest)', "
                + "its header '\(MediaType.imageIndex)'"
        )
        let none = try await failure(text, type: "text/html")
        #expect(none.hasSuffix(": the media type 'text/html' is neither a manifest's nor an index's"))
    }

    @Test(arguments: [
        ("null", "is not an object"), ("[]", "not an object"), ("{}", "'schemaVersion' is missing"),
        (#"{"schemaVersion":2,"layers":[]}"#, "'config' is missing"),
        (#"{"schemaVersion":2,"layers":[null],"config":{}}"#, "not an object"),
        (#"{"schemaVersion":2,"schemaVersion":2}"#, "schemaVersion"),
        (#"{"schemaVersion":2,"config":{},"layers":7}"#, "'layers' is a number, not a list"),
    ])
    func `row 17: a malformed manifest`(text: String, reason: String) async throws {
        let found = try await failure(text)
        #expect(found != "it succeeded")
        #expect(found.hasPrefix("'HOST/shop/web': "), "\(found)")
        if text != "null" { #expect(found.contains(reason), "\(found)") }
    }

    @Test func `row 17: too many layers, too large a manifest, an index of itself`() async throws {
        let layer =
            #"{"mediaType":"\#(MediaType.layer)","size":1,"digest":"sha256:\#(String(repeating: "0", count: 64))"}"#
        let many = Array(repeating: layer, count: 1001).joined(separator: ",")
        let layers = try await failure(#"{"schemaVersion":2,"config":\#(layer),"layers":[\#(many)]}"#)
        #expect(layers == "'HOST/shop/web': image manifest: 'layers' has 1001 entries, more than the limit of 1000")
        let large = try await failure(String(repeating: " ", count: 5 << 20))
        #expect(large.hasSuffix(": the answer has 5242880 bytes, more than the limit of 4194304"))

        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        var index = ImageIndex(manifests: [])
        for _ in 0..<6 {
            let bytes = index.json.canonicalBytes
            registry.put(bytes, manifestOf: "shop/web", as: ["deep"], type: MediaType.imageIndex.description)
            index = ImageIndex(manifests: [
                ContentDescriptor(
                    mediaType: .imageIndex,
                    digest: Digester.digest(of: bytes),
                    size: Int64(bytes.count)
                )
            ])
        }
        let deep = await bench.failure(pulling: "shop/web:deep", from: registry)
        #expect(deep.contains("is an index of indexes that does not end"), "\(deep)")
    }

    @Test(arguments: [
        "sha256:../../../etc/passwd", "sha256:" + String(repeating: "A", count: 64), "sha256:abc",
        "md5:" + String(repeating: "0", count: 32),
        "sha256:" + String(repeating: "0", count: 1 << 20),
    ])
    func `row 18: digests that are none`(digest: String) async throws {
        let found = try await failure(
            #"{"schemaVersion":2,"config":{"mediaType":"\#(MediaType.imageConfig)","size":1,"digest":"\#(digest)"},"layers":[]}"#
        )
        #expect(found.hasPrefix("'HOST/shop/web': image manifest: 'config.digest' is "), "\(found.prefix(300))")
        #expect(found.utf8.count < 400)
    }

    @Test func `row 19: every blob damaged once`() async throws {
        let bench = try RegistryBench()
        for blob in [bench.image.config] + bench.image.layers {
            let right = try bench.store.readBlob(blob.digest)
            var flipped = right
            flipped[0] ^= 1
            for (wrong, reason) in [
                (flipped, "another content, with the digest"), (right + [0], "more than the \(right.count) bytes"),
                (
                    Array(right.dropLast()),
                    "it has \(right.count - 1) of the \(right.count) bytes that"
                ),
            ] {
                let registry = try await FakeRegistry.start()
                try registry.hold(bench)
                registry.put(wrong, blobOf: "shop/web", as: blob.digest)
                let found = await bench.failure(pulling: "shop/web:1.0", from: registry)
                #expect(found.contains(reason), "\(found)")
            }
        }
        let registry = try await FakeRegistry.start()
        let manifest = try registry.hold(bench)
        let digest = Digester.digest(of: manifest)
        registry.add(
            .init(
                .change {
                    $0.body.append(0x20); $0.headers["content-length"] = nil
                }
            ) { $0.method == "GET" }
        )
        let found = await bench.failure(pulling: "shop/web@\(digest)", from: registry)
        #expect(found.contains("its content has the digest 'sha256:"))
    }

    @Test func `row 20: annotations and labels are data`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try registry.hold(bench)
        var image = bench.image
        image.annotations = ["org.opencontainers.image.title": "../../etc/cron.d/x", "a": "$(touch /tmp/x)\u{1B}[2J"]
        registry.put(image.json.canonicalBytes, manifestOf: "shop/web", as: ["named"], type: type)
        let (found, _) = try await bench.pull("shop/web:named", from: registry)
        #expect(found.manifest.annotations == image.annotations)
    }

    @Test func `row 21: the addresses of foreign layers are not used`() async throws {
        let bench = try RegistryBench()
        let other = try await FakeRegistry.start()
        let registry = try await FakeRegistry.start(RegistryBench.basic)
        try registry.hold(bench)
        let text = String(decoding: bench.image.json.canonicalBytes, as: UTF8.self)
        let urls = text.replacing(
            "\"mediaType\":\"\(MediaType.layer)\"",
            with: "\"mediaType\":\"\(MediaType.layer)\",\"urls\":[\"http://\(other.authority)/steal\"]"
        )
        registry.put(Array(urls.utf8), manifestOf: "shop/web", as: ["foreign"], type: type)
        let (_, layers) = try await bench.pull("shop/web:foreign", from: registry, others: [other])
        #expect(layers.count == 2)
        #expect(other.requests.isEmpty)
        #expect(urls != text)
    }

    /// An archive or a file from elsewhere is, of a registry, a blob behind a redirect.
    @Test func `row 24: what a redirect leads to is bounded and verified`() async throws {
        let bench = try RegistryBench()
        let other = try await FakeRegistry.start()
        let registry = try await FakeRegistry.start(RegistryBench.basic)
        try registry.hold(bench)
        let layer = bench.image.layers[1]
        other.put(RegistryBench.bytes(1 << 20, seed: 7), blobOf: "shop/web", as: layer.digest)
        let place = "http://\(other.authority)/v2/shop/web/blobs/\(layer.digest)?signature=hidden"
        registry.add(
            .init(times: .max, .change { if $0.status == 200 { $0 = FakeAnswer(302, ["location": place]) } }) {
                $0.path.hasSuffix(layer.digest.hex)
            }
        )
        let found = await bench.failure(pulling: "shop/web:1.0", from: registry, others: [other])
        #expect(found.hasSuffix("?...: it has more than the 5 bytes that the manifest names"), "\(found)")
        #expect(!found.contains("hidden"))
        #expect(!other.sawCredentials)
        let circle = try await FakeRegistry.start(
            faults: [
                .init(times: .max, .answer(FakeAnswer(302, ["location": "/v2/shop/web/manifests/1.0"]))) { _ in true }
            ]
        )
        #expect(
            await bench.failure(pulling: "shop/web:1.0", from: circle)
                == "GET http://HOST/v2/shop/web/manifests/1.0: too many redirects"
        )
        let away = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(302, ["location": "file:///etc/passwd"]))) { _ in true }]
        )
        #expect(
            await bench.failure(pulling: "shop/web:1.0", from: away)
                == "GET http://HOST/v2/shop/web/manifests/1.0: 302 without a usable 'Location'"
        )
    }
}
