import FakeRegistry
import HTTPTransport
import OCI
import Registry
import Store
import SystemIO
import Testing

@Suite struct PullTests {
    @Test func `pulls what a tag and a digest stand for`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        let manifest = try registry.hold(bench)
        for name in ["shop/web:1.0", "shop/web@\(Digester.digest(of: manifest))"] {
            let (image, layers) = try await bench.pull(name, from: registry)
            #expect(image.manifest == bench.image)
            #expect(layers.map(Digester.digest) == bench.image.layers.map(\.digest))
        }
    }

    @Test func `takes the image of an index that is for the platform`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        let manifest = try registry.hold(bench)
        let index = ImageIndex(manifests: [
            ContentDescriptor(
                mediaType: .imageManifest,
                digest: Digester.digest(of: "another"),
                size: 7,
                platform: Platform(architecture: "arm64")
            ),
            ContentDescriptor(
                mediaType: .imageManifest,
                digest: Digester.digest(of: manifest),
                size: Int64(manifest.count),
                platform: Platform(architecture: "amd64")
            ),
        ])
        registry.put(
            index.json.canonicalBytes,
            manifestOf: "shop/web",
            as: ["many"],
            type: MediaType.imageIndex.description
        )
        let (image, _) = try await bench.pull("shop/web:many", from: registry)
        #expect(image.manifest == bench.image)
        #expect(image.entry == Digester.digest(of: index.json.canonicalBytes))

        let foreign = ImageIndex(manifests: [index.manifests[0]])
        registry.put(
            foreign.json.canonicalBytes,
            manifestOf: "shop/web",
            as: ["foreign"],
            type: MediaType.imageIndex.description
        )
        let failure = await bench.failure(pulling: "shop/web:foreign", from: registry)
        #expect(failure == "'HOST/shop/web' has no image for 'linux/amd64'\n  why: it is for 'linux/arm64'")
    }

    @Test func `says what is not there`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        #expect(await bench.failure(pulling: "shop/web:2.0", from: registry) == "'HOST/shop/web' has no '2.0'")
    }

    @Test func `asks for the rest of a blob that broke off`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try registry.hold(bench)
        let large = bench.image.layers[0].digest
        registry.add(.init(.change { $0.manner = .cut(after: 120_000) }) { $0.path.hasSuffix(large.hex) })
        let (_, layers) = try await bench.pull("shop/web:1.0", from: registry)
        #expect(Digester.digest(of: layers[0]) == large)
        let range = registry.requests.compactMap { $0.headers["range"] }.first
        #expect(range?.hasPrefix("bytes=") ?? false)
    }

    @Test func `reads past what it has where a registry knows no ranges`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try registry.hold(bench)
        let large = bench.image.layers[0].digest
        let bytes = try bench.store.readBlob(large)
        registry.add(.init(.change { $0.manner = .cut(after: 120_000) }) { $0.path.hasSuffix(large.hex) })
        registry.add(.init(.answer(FakeAnswer(200, body: bytes))) { $0.headers["range"] != nil })
        let (_, layers) = try await bench.pull("shop/web:1.0", from: registry)
        #expect(Digester.digest(of: layers[0]) == large)
    }

    @Test func `gives a registry up that sends a byte now and then`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try registry.hold(bench)
        let large = bench.image.layers[0].digest
        registry.add(.init(times: .max, .change { $0.manner = .trickle }) { $0.path.hasSuffix(large.hex) })
        let failure = await bench.failure(
            pulling: "shop/web:1.0",
            from: registry,
            pace: .init(window: 0.2, bytes: 10_000)
        )
        #expect(failure.hasPrefix("GET http://HOST/v2/shop/web/blobs/\(large): only "))
        #expect(failure.contains(" bytes came in "))
    }

    @Test func `a blob that is fetched elsewhere is asked for without credentials`() async throws {
        let bench = try RegistryBench()
        let other = try await FakeRegistry.start()
        try other.hold(bench)
        for protection in [RegistryBench.basic, RegistryBench.bearer()] {
            let registry = try await FakeRegistry.start(protection)
            try registry.hold(bench)
            registry.add(
                .init(
                    times: .max,
                    .change { answer in
                        answer = FakeAnswer(307, ["location": answer.headers["x-place"] ?? ""])
                    }
                ) { _ in false }
            )
            for blob in [bench.image.config] + bench.image.layers {
                let place = "http://\(other.authority)/v2/shop/web/blobs/\(blob.digest)?signature=hidden"
                registry.add(
                    .init(times: .max, .change { if $0.status == 200 { $0 = FakeAnswer(307, ["location": place]) } }) {
                        $0.path.hasSuffix(blob.digest.hex)
                    }
                )
            }
            let (_, layers) = try await bench.pull("shop/web:1.0", from: registry, others: [other])
            #expect(layers.map(Digester.digest) == bench.image.layers.map(\.digest))
        }
        #expect(!other.requests.isEmpty)
        #expect(!other.sawCredentials)
    }

    @Test func `a token server elsewhere gets no password`() async throws {
        let bench = try RegistryBench()
        let other = try await FakeRegistry.start()
        let realm = "Bearer realm=\"http://\(other.authority)/token\",service=\"x\""
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(401, ["www-authenticate": realm]))) { _ in true }]
        )
        let failure = await bench.failure(
            pulling: "shop/web:1.0",
            from: registry,
            others: [other],
            credentials: RegistryBench.Logins([registry.authority: RegistryBench.login])
        )
        #expect(
            failure == "http://HOST/: its token server is '\(other.authority)', which the credentials are not for\n"
                + "  why: credentials are sent to no other host than the one that they are kept for\n"
                + "  fix: if that host is to have them, keep the login of 'HOST' for '\(other.authority)', too: with "
                + "'docker login \(other.authority)', or by an entry of that name in Docker's 'config.json'"
        )
        #expect(other.requests.isEmpty)
    }

    @Test func `an image of a registry that nobody named as insecure is asked for by TLS`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try await WebClient.with(trust: TrustSettings()) { client in
            let session = bench.session(client, insecure: [])
            let pull = ImagePull(session: session, platform: Platform(architecture: "amd64"))
            let reference = try Reference(parsing: "\(registry.authority)/shop/web:1.0")
            let error = await #expect(throws: RegistryError.self) { _ = try await pull.resolve(reference) }
            #expect(error?.kind == .insecure)
            #expect(error?.message.contains("the server does not speak TLS") ?? false, "\(error as Any)")
        }
        #expect(registry.requests.isEmpty)
    }
}
