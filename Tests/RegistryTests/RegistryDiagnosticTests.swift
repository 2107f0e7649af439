import Diagnostics
import FakeRegistry
import HTTPTransport
import Registry
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Real failures as a user reads them: one identifier for each kind.
@Suite struct RegistryDiagnosticTests {
    private func text(_ host: String = "\n", _ body: () async throws -> Void) async throws -> String {
        let error = await #expect(throws: RegistryError.self) { try await body() }
        let text = try #require(error).diagnostic("cannot push 'x'").description
        return text.split(separator: host, omittingEmptySubsequences: false).joined(separator: "HOST")
    }

    @Test func `credentials that cannot be read`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("{", to: ".docker/config.json")
        let found = try await text(folder.path.string) { _ = try DockerConfig(["HOME": folder.path.string]) }
        #expect(found.hasPrefix("error: cannot push 'x': the file 'HOST/.docker/config.json' cannot be read: "))
        #expect(found.contains(" [registry-credentials]"))
    }

    @Test func `rights that are missing`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(403))) { $0.method == "PUT" }]
        )
        let found = try await text(registry.authority) { try await bench.push(to: registry) }
        #expect(found.hasPrefix("error: cannot push 'x': PUT http://HOST/v2/shop/web/"))
        #expect(
            found.hasSuffix(
                ": 403 [registry-denied]\n  why: the credentials for 'HOST' do not allow this\n"
                    + "  fix: log in with 'docker login HOST'"
            ),
            "\(found)"
        )
    }

    @Test func `a manifest that is refused`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [
                .init(times: .max, .answer(FakeAnswer(400))) { $0.method == "PUT" && $0.path.contains("manifests") }
            ]
        )
        let found = try await text(registry.authority) { try await bench.push(to: registry) }
        #expect(found.hasPrefix("error: cannot push 'x': PUT http://HOST/v2/shop/web/manifests/sha256:"))
        #expect(found.hasSuffix(": 400 [registry-refused]"))
    }

    @Test func `a manifest that is no manifest`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        registry.put(Array("{}".utf8), manifestOf: "shop/web", as: ["evil"], type: "text/html")
        let found = try await text(registry.authority) { _ = try await bench.pull("shop/web:evil", from: registry) }
        #expect(
            found.hasSuffix(
                ": the media type 'text/html' is neither a manifest's nor an index's [registry-wrong-content]"
            )
        )
    }
}
