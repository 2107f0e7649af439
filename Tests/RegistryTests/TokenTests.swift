import FakeRegistry
import HTTPTransport
import OCI
import Registry
import Store
import SystemIO
import Testing

/// Tokens: for what they are asked, and in whose name.
@Suite struct TokenTests {
    /// The scopes that tokens were asked for, each once.
    private func scopes(_ registry: FakeRegistry) -> Set<[String]> {
        Set(registry.requests.filter { $0.path == "/token" }.map { $0.queryLists["scope"] ?? [] })
    }

    @Test func `a push and a pull ask for what they need, and for no more`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        try await bench.push(to: registry)
        #expect(scopes(registry) == [["repository:shop/web:pull,push"]])

        let other = try await FakeRegistry.start(RegistryBench.bearer())
        try other.hold(bench)
        _ = try await bench.pull("shop/web:1.0", from: other)
        #expect(scopes(other) == [["repository:shop/web:pull"]])
    }

    @Test func `a mount asks for the right to read the other repository`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        for blob in bench.blobs { registry.put(try bench.store.readBlob(blob.digest), blobOf: "shop/base") }
        let content = try await bench.push(to: registry, relatives: ["shop/base"])
        #expect(content.mounted == 3)
        let own = "repository:shop/web:pull,push"
        #expect(scopes(registry) == [[own], [own, "repository:shop/base:pull"]])
    }

    @Test func `what may not be read elsewhere is uploaded`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        registry.withhold("shop/base:pull")
        for blob in bench.blobs { registry.put(try bench.store.readBlob(blob.digest), blobOf: "shop/base") }
        let content = try await bench.push(to: registry, relatives: ["shop/base"])
        #expect(content.mounted == 0)
        #expect(registry.holdsImage(bench))
    }

    @Test func `a token that is good for less is not asked for again`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        registry.withhold("shop/web:push")
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.hasPrefix("POST http://HOST/v2/shop/web/blobs/uploads/: 401 UNAUTHORIZED: "), "\(failure)")
        #expect(
            failure.hasSuffix(
                "\n  why: the credentials for 'HOST' do not allow this\n  fix: log in with 'docker login HOST'"
            ),
            "\(failure)"
        )
        #expect(registry.lines.filter { $0 == "GET /token" }.count == 1)
    }

    @Test func `anybody may read what is public, and nobody else push to it`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer(isPublic: true))
        try registry.hold(bench)
        let (image, layers) = try await bench.pull("shop/web:1.0", from: registry, credentials: AnonymousOnly())
        #expect(image.manifest == bench.image)
        #expect(layers.map(Digester.digest) == bench.image.layers.map(\.digest))
        let asked = registry.requests.filter { $0.path == "/token" }
        #expect(!asked.isEmpty)
        #expect(asked.allSatisfy { $0.headers["authorization"] == nil })

        let other = try RegistryBench(layers: [RegistryBench.bytes(10, seed: 9)])
        let error = await #expect(throws: RegistryError.self) {
            try await other.push(to: registry, credentials: AnonymousOnly())
        }
        #expect(error?.kind == .denied)
        #expect(error?.why == "there are no credentials for '\(registry.authority)'")
    }

    /// A login with an `identitytoken`, as single sign-on leaves one.
    @Test func `a refresh token is shown to the token server alone, and as OAuth 2 wants it`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        let logins = RegistryBench.Logins([registry.authority: .identityToken(RegistryBench.password)])
        try await bench.push(to: registry, credentials: logins)
        #expect(registry.holdsImage(bench))
        let asked = registry.requests.filter { $0.path == "/token" }
        #expect(Set(asked.map(\.method)) == ["POST"])
        #expect(asked.allSatisfy { $0.query.isEmpty })
        #expect(
            Set(asked.map { String(decoding: $0.body, as: UTF8.self) }) == [
                "grant_type=refresh_token&service=fake&client_id=ovenbird&scope=repository%3Ashop%2Fweb%3Apull%2Cpush"
                    + "&refresh_token=pass%2Fword%2Bsecret"
            ]
        )

        let wrong = RegistryBench.Logins([registry.authority: .identityToken("another-token")])
        let failure = await bench.failure(pulling: "shop/web:1.0", from: registry, credentials: wrong)
        #expect(
            failure == "POST http://HOST/token: 401 UNAUTHORIZED: wrong refresh token\n"
                + "  why: the credentials for 'HOST' were refused\n  fix: log in with 'docker login HOST'"
        )
    }
}
