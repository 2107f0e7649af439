import FakeRegistry
import HTTPTransport
import OCI
import Registry
import Synchronization
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
        // Each once with the right to push, and once with that to delete.
        #expect(registry.lines.filter { $0.hasPrefix("DELETE") }.count == 4)
        let refused = try #require(registry.requests.firstIndex { isTag($0, "PUT", "third") })
        let scopes = { (requests: ArraySlice<FakeRequest>) in
            Set(requests.filter { $0.path == "/token" }.flatMap { $0.queryLists["scope"] ?? [] })
        }
        #expect(scopes(registry.requests[..<refused]) == ["repository:shop/web:pull,push"])
        #expect(scopes(registry.requests[refused...]) == ["repository:shop/web:pull,push,delete"])
    }

    /// Quay knows no right to delete, and gives no token to whom asks for it.
    @Test func `where the right to push is enough no other one is asked for`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            RegistryBench.bearer(),
            faults: [
                .init(.answer(FakeAnswer(403))) { isTag($0, "PUT", "second") },
                .init(.answer(FakeAnswer(202))) { isTag($0, "DELETE", "first") },
            ]
        )
        let error = await #expect(throws: RegistryError.self) {
            try await push(bench, to: registry, tags: ["first", "second"])
        }
        #expect(error?.why == "the credentials for '\(registry.authority)' do not allow this")
        #expect(registry.lines.filter { $0.hasPrefix("DELETE") }.count == 1)
        let scopes = registry.requests.filter { $0.path == "/token" }.flatMap { $0.queryLists["scope"] ?? [] }
        #expect(Set(scopes) == ["repository:shop/web:pull,push"])
    }

    @Test func `a token that may not delete and is refused with 403 is followed by one that may`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            RegistryBench.bearer(),
            faults: [
                .init(.answer(FakeAnswer(403))) { isTag($0, "PUT", "second") },
                .init(.answer(FakeAnswer(403))) { isTag($0, "DELETE", "first") },
            ]
        )
        await #expect(throws: RegistryError.self) { try await push(bench, to: registry, tags: ["first", "second"]) }
        #expect(registry.tags("shop/web") == [])
        #expect(registry.lines.filter { $0.hasPrefix("DELETE") }.count == 2)
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
        let deletion = "DELETE /v2/shop/web/manifests/second"
        #expect(registry.lines.filter { $0.hasPrefix("DELETE") } == [deletion, deletion])
    }

    /// The registry has the request, and may act on it after it has said what there is.
    @Test func `a tag whose request was cut off is told though it is not there`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        let (reached, signal) = AsyncStream<Void>.makeStream()
        registry.add(
            .init(.answer(FakeAnswer(201, manner: .silent))) { request in
                guard isTag(request, "PUT", "second") else { return false }
                signal.finish()
                return true
            }
        )
        let task = Task { try await push(bench, to: registry, tags: ["first", "second", "third"]) }
        for await _ in reached {}
        task.cancel()
        let result = await task.result
        let left = #expect(throws: TagsLeft.self) { try result.get() }
        #expect(left?.references == ["\(registry.authority)/shop/web:second"])
        #expect(registry.tags("shop/web") == [])
    }

    @Test func `tags are put back though the cancellation comes while they are`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            RegistryBench.bearer(),
            faults: [.init(.answer(FakeAnswer(403))) { isTag($0, "PUT", "second") }]
        )
        let push = Mutex<Task<Void, any Error>?>(nil)
        let (ready, start) = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in ready {}
            try await self.push(bench, to: registry, tags: ["first", "second"])
        }
        push.withLock { $0 = task }
        registry.add(
            .init(.change { _ in push.withLock { $0?.cancel() } }) { isTag($0, "DELETE", "first") }
        )
        start.finish()
        let result = await task.result
        #expect(throws: RegistryError.self) { try result.get() }
        #expect(task.isCancelled)
        #expect(registry.tags("shop/web") == [])
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
