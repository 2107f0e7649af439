import FakeRegistry
import HTTPTransport
import OCI
import Registry
import SystemIO
import Testing

/// Tags that are taken back: by which right, and after a cancellation.
@Suite struct PushTagTests {
    /// Pushes the image to `shop/web`, and sets the tags, which may move.
    private func push(
        _ bench: RegistryBench,
        to registry: FakeRegistry,
        tags: [String],
        farewell: Duration = .seconds(600)
    ) async throws {
        try await WebClient.with(trust: TrustSettings(), timeouts: RegistryBench.patience) { client in
            let session = bench.session(client, insecure: [registry.authority], pace: .init(farewell: farewell))
            let push = ImagePush(session: session, store: bench.store)
            let content = try await push.content(
                of: bench.image,
                to: try Reference(parsing: "\(registry.authority)/shop/web"),
                packing: BlobSource.storedForm(in: bench.store)
            )
            _ = try await push.tag(tags.map { PushedTag(content, tag: $0, isVersion: false) })
        }
    }

    private func isTag(_ request: FakeRequest, _ method: String, _ tag: String) -> Bool {
        request.method == method && request.path == "/v2/shop/web/manifests/\(tag)"
    }

    @Test func `the right to delete is asked for where a tag has to go`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            RegistryBench.bearer(),
            faults: [.init(.answer(FakeAnswer(403))) { isTag($0, "PUT", "third") }]
        )
        await #expect(throws: RegistryError.self) {
            try await push(bench, to: registry, tags: ["first", "second", "third"])
        }
        #expect(registry.tags("shop/web") == [])
        #expect(registry.lines.filter { $0.hasPrefix("DELETE") }.count == 2)
        let refused = try #require(registry.requests.firstIndex { isTag($0, "PUT", "third") })
        let scopes = { (requests: ArraySlice<FakeRequest>) in
            Set(requests.filter { $0.path == "/token" }.flatMap { $0.queryLists["scope"] ?? [] })
        }
        #expect(scopes(registry.requests[..<refused]) == ["repository:shop/web:pull,push"])
        #expect(scopes(registry.requests[refused...]) == ["repository:shop/web:pull,push,delete"])
    }

    @Test func `tags that may not be taken back are told`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            RegistryBench.bearer(),
            faults: [.init(.answer(FakeAnswer(403))) { isTag($0, "PUT", "third") }]
        )
        registry.withhold("shop/web:delete")
        let error = await #expect(throws: RegistryError.self) {
            try await push(bench, to: registry, tags: ["second", "first", "third"])
        }
        #expect(
            bench.plain(error?.description ?? "", registry)
                == "PUT http://HOST/v2/shop/web/manifests/third: 403\n"
                + "  why: these tags were set before, and the registry does not let them be taken back: "
                + "'HOST/shop/web:first', 'HOST/shop/web:second'\n  fix: log in with 'docker login HOST'"
        )
        #expect(registry.tags("shop/web") == ["first", "second"])
    }

    /// Cancels the push when the tag `second` is set and its answer is not there yet.
    private func cancelledPush(
        _ bench: RegistryBench,
        to registry: FakeRegistry,
        farewell: Duration
    ) async -> Result<Void, any Error> {
        let (reached, signal) = AsyncStream<Void>.makeStream()
        let silent = FakeRegistry.Effect.change { answer in
            answer.manner = .silent
            signal.finish()
        }
        registry.add(.init(silent) { isTag($0, "PUT", "second") })
        let task = Task {
            try await push(bench, to: registry, tags: ["first", "second", "third"], farewell: farewell)
        }
        for await _ in reached {}
        task.cancel()
        return await task.result
    }

    @Test func `a push that is cancelled between two tags takes back what it set`() async throws {
        let bench = try RegistryBench()
        let old = try RegistryBench(layers: [RegistryBench.bytes(10, seed: 9)])
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        let before = try registry.hold(old, as: "first")
        let result = await cancelledPush(bench, to: registry, farewell: .seconds(600))
        #expect(throws: CancellationError.self) { try result.get() }
        #expect(registry.manifest("shop/web", "first") == before)
        #expect(registry.tags("shop/web") == ["first"])
        #expect(registry.lines.filter { $0.hasPrefix("DELETE") } == ["DELETE /v2/shop/web/manifests/second"])
    }

    @Test func `a push that is cancelled tells what it cannot take back in time`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            RegistryBench.bearer(),
            faults: [.init(times: .max, .answer(FakeAnswer(202, manner: .silent))) { $0.method == "DELETE" }]
        )
        let result = await cancelledPush(bench, to: registry, farewell: .milliseconds(1))
        let left = #expect(throws: TagsLeft.self) { try result.get() }
        #expect(left?.references == ["first", "second"].map { "\(registry.authority)/shop/web:\($0)" })
        #expect(registry.tags("shop/web") == ["first", "second"])
    }
}
