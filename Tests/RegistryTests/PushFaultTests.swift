import FakeRegistry
import HTTPTransport
import OCI
import Registry
import Store
import Synchronization
import SystemIO
import Testing

/// What can go wrong with a push, one by one: it ends in a whole image, or in one clear error and no tag.
@Suite struct PushFaultTests {
    @Test func `pushes an image with basic, bearer and no protection`() async throws {
        for protection in [FakeRegistry.Protection.none, RegistryBench.basic, RegistryBench.bearer()] {
            let bench = try RegistryBench()
            let registry = try await FakeRegistry.start(protection)
            let content = try await bench.push(to: registry)
            #expect(registry.holdsImage(bench))
            #expect(content.uploaded == 3)
            #expect(!content.isUnchanged)
        }
    }

    @Test func `uploads nothing that is there already`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try await bench.push(to: registry)
        let before = registry.requests.count
        let again = try await bench.push(to: registry)
        #expect(again.isUnchanged)
        let methods = Set(registry.requests[before...].map(\.method))
        #expect(methods == ["HEAD"])
    }

    @Test func `gets a new token in the middle of a push`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer(uses: 3))
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
        #expect(registry.lines.filter { $0 == "GET /token" }.count > 3)
    }

    @Test func `a 401 in the middle of an upload is answered once, and then told`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            RegistryBench.basic,
            faults: [.init(times: .max, .answer(FakeAnswer(401))) { $0.method == "PATCH" }]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.contains(": 401\n  why: the credentials for 'HOST' do not allow this"))
        #expect(failure.contains("fix: log in with 'docker login HOST'"))
        #expect(registry.tags("shop/web") == [])
    }

    @Test(arguments: [429, 503]) func `waits as long as Retry-After says`(status: Int) async throws {
        let bench = try RegistryBench()
        let slow = FakeAnswer(status, ["retry-after": "7"])
        let registry = try await FakeRegistry.start(
            faults: [
                .init(.answer(slow)) { $0.method == "PATCH" }, .init(.answer(slow)) { $0.method == "HEAD" },
                .init(.answer(slow)) { $0.method == "PUT" && $0.path.contains("manifests") },
            ]
        )
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
        #expect(bench.pauses.withLock { $0 } == [.seconds(7), .seconds(7), .seconds(7)])
    }

    @Test func `gives up where the registry stays overloaded`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [
                .init(times: .max, .answer(FakeAnswer(503))) { $0.method == "PUT" && $0.path.contains("manifests") }
            ]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.hasPrefix("PUT http://HOST/v2/shop/web/manifests/sha256:"))
        #expect(failure.hasSuffix(": 503"))
        #expect(bench.pauses.withLock { $0.count } == 3)
        #expect(registry.tags("shop/web") == [])
    }

    @Test func `does not wait for a registry that asks for an hour`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(.answer(FakeAnswer(429, ["retry-after": "3600"]))) { $0.method == "HEAD" }]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.hasSuffix(": 429"))
        #expect(bench.pauses.withLock { $0 } == [])
    }

    @Test func `goes on where a dropped chunk ended`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(.breakAfter(100_000)) { $0.method == "PATCH" && $0.headers["content-length"] == "300000" }]
        )
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
        let ranges = registry.requests.compactMap { $0.headers["content-range"] }
        #expect(ranges.contains("100000-299999"))
    }

    @Test func `sends the rest of a chunk that was taken in part`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(.takeOnly(70_000)) { $0.method == "PATCH" && $0.headers["content-length"] == "300000" }]
        )
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
        #expect(registry.requests.compactMap { $0.headers["content-range"] }.contains("70000-299999"))
    }

    @Test func `starts again where an upload was cut without a word`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [
                .init(.takeOnly(70_000)) { $0.method == "PATCH" && $0.headers["content-length"] == "300000" },
                .init(.change { $0.headers["range"] = "0-299999" }) {
                    $0.method == "PATCH" && $0.headers["content-length"] == "300000"
                },
            ]
        )
        registry.add(.init(.change { $0.headers["range"] = nil }) { $0.method == "PATCH" })
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
    }

    @Test func `starts again where the registry has forgotten the upload`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(.answer(FakeAnswer(404))) { $0.method == "PATCH" }]
        )
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
    }

    @Test func `sends chunks of the size that the registry wants`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [
                .init(times: .max, .answer(FakeAnswer(413))) {
                    ($0.headers["content-length"].flatMap { Int($0) } ?? 0) > 80_000
                }
            ]
        )
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
    }

    @Test func `sends all at once where the registry knows no PATCH`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(405))) { $0.method == "PATCH" }]
        )
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
    }

    @Test(arguments: ["PUT blobs", "PUT manifests", "HEAD blobs", "HEAD manifests"])
    func `a wrong Docker-Content-Digest is an error`(which: String) async throws {
        let bench = try RegistryBench()
        let words = which.split(separator: " ").map(String.init)
        let wrong = "sha256:" + String(repeating: "0", count: 64)
        let registry = try await FakeRegistry.start(
            faults: [
                .init(times: .max, .change { if $0.status < 300 { $0.headers["docker-content-digest"] = wrong } }) {
                    $0.method == words[0] && $0.path.contains(words[1])
                }
            ]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.contains(wrong))
        #expect(failure.contains("the registry says that it has") || failure.contains("was given the manifest"))
        #expect(registry.tags("shop/web") == [])
    }

    @Test func `mounts what another repository of the registry has`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer())
        let layer = bench.image.layers[0].digest
        registry.put(try bench.store.readBlob(layer), blobOf: "shop/base")
        let content = try await bench.push(to: registry, relatives: ["shop/base"])
        #expect(content.mounted == 1)
        #expect(content.uploaded == 2)
        #expect(registry.holdsImage(bench))
    }

    @Test func `a repository that fails is not asked for other blobs, nor twice for one`() async throws {
        let bench = try RegistryBench(layers: (1...12).map { RegistryBench.bytes(10, seed: $0) })
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(503))) { $0.path.hasPrefix("/v2/shop/base/") }]
        )
        let content = try await bench.push(to: registry, relatives: ["shop/base"])
        #expect(content.uploaded == 13)
        // No more than blobs are pushed at a time.
        #expect((1...4).contains(registry.lines.filter { $0.hasPrefix("HEAD /v2/shop/base/") }.count))
        #expect(bench.pauses.withLock { $0 } == [])
    }

    @Test func `uploads where a mount is refused with 202`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        let relatives = ["shop/base", "shop/older"]
        // They say that they have it, and nothing of theirs can be mounted.
        for (blob, relative) in bench.blobs.flatMap({ blob in relatives.map { (blob, $0) } }) {
            let answer = FakeAnswer(200, ["content-length": String(blob.size)])
            registry.add(
                .init(.answer(answer)) { $0.method == "HEAD" && $0.path == "/v2/\(relative)/blobs/\(blob.digest)" }
            )
        }
        let content = try await bench.push(to: registry, relatives: relatives)
        #expect(content.mounted == 0)
        #expect(registry.holdsImage(bench))
        // The uploads that the refusals opened are used, and there are no others.
        let opened = registry.requests.filter { $0.method == "POST" }
        #expect(opened.map { $0.query["from"] } == ["shop/base", "shop/base", "shop/base"])
        #expect(registry.openUploads == 0)
    }

    @Test func `asks a few other repositories for a blob, in their order, and opens no upload for it`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        let layer = bench.image.layers[0].digest
        for name in ["shop/d", "shop/late"] { registry.put(try bench.store.readBlob(layer), blobOf: name) }
        let relatives = ["shop/c", "shop/web", "shop/b", "shop/c", "shop/a", "shop/d", "shop/late"]
        let content = try await bench.push(to: registry, relatives: relatives)
        #expect(content.mounted == 1)
        #expect(content.uploaded == 2)
        #expect(registry.openUploads == 0)
        let asked = registry.lines.filter { $0.hasSuffix(layer.description) && !$0.contains("/web/") }
        #expect(asked == ["c", "b", "a", "d"].map { "HEAD /v2/shop/\($0)/blobs/\(layer)" })
        #expect(registry.requests.filter { $0.query["mount"] != nil }.map { $0.query["from"] } == ["shop/d"])
        #expect(registry.requests.filter { $0.method == "POST" }.count == 3)
    }

    @Test func `does not believe in a mount that is not there`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(201))) { $0.query["mount"] != nil }]
        )
        for blob in bench.blobs { registry.put(try bench.store.readBlob(blob.digest), blobOf: "shop/base") }
        let content = try await bench.push(to: registry, relatives: ["shop/base"])
        #expect(content.mounted == 0)
        #expect(registry.requests.filter { $0.query["mount"] != nil }.count == 3)
        #expect(registry.holdsImage(bench))
    }

    @Test(.timeLimit(.minutes(15)))
    func `an answer that nobody needs and that does not end holds nothing up`() async throws {
        let bench = try RegistryBench()
        // Takes twenty minutes, and is never idle for long.
        let slow = FakeAnswer(503, body: Array(repeating: 0x20, count: 60_000), manner: .trickle)
        let registry = try await FakeRegistry.start(
            faults: [.init(.answer(slow)) { $0.method == "PUT" && $0.path.contains("manifests") }]
        )
        try await bench.push(to: registry)
        #expect(registry.holdsImage(bench))
        #expect(bench.pauses.withLock { $0.count } == 1)
    }

    @Test func `an upload that leads to another host goes there without credentials`() async throws {
        let bench = try RegistryBench()
        let other = try await FakeRegistry.start()
        let place = "http://\(other.authority)/v2/elsewhere/blobs/uploads/u1?state=x"
        let registry = try await FakeRegistry.start(
            RegistryBench.basic,
            faults: [
                .init(times: .max, .change { if $0.status == 202 { $0.headers["location"] = place } }) {
                    $0.method == "POST"
                }
            ]
        )
        let failure = await bench.failure(pushingTo: registry, others: [other])
        #expect(failure != "it succeeded")
        #expect(!other.requests.isEmpty)
        #expect(!other.sawCredentials)
        #expect(registry.tags("shop/web") == [])
    }

    @Test func `an upload is not sent to a host that was not named as insecure`() async throws {
        let bench = try RegistryBench()
        let other = try await FakeRegistry.start()
        let place = "http://\(other.authority)/v2/elsewhere/blobs/uploads/u1?state=x"
        let registry = try await FakeRegistry.start(
            RegistryBench.basic,
            faults: [
                .init(times: .max, .change { if $0.status == 202 { $0.headers["location"] = place } }) {
                    $0.method == "POST"
                }
            ]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(
            failure.contains(
                "it leads to 'http://\(other.authority)/v2/elsewhere/blobs/uploads/u1?...', which is not TLS"
            )
        )
        #expect(other.requests.isEmpty)
    }

    @Test func `a server that takes and says nothing is given up`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(200, manner: .silent))) { $0.method == "PATCH" }]
        )
        let failure = await bench.failure(
            pushingTo: registry,
            // Long enough for all that does answer, on a busy machine, too.
            timeouts: .init(connect: .seconds(5), idle: .seconds(1))
        )
        #expect(failure.hasPrefix("PATCH http://HOST/v2/shop/web/blobs/uploads/"))
        // Whether it still takes bytes into its buffers when the time is over is the system's matter.
        let reasons = ["nothing was received for too long", "the server took nothing for too long"]
        #expect(reasons.contains { failure.hasSuffix("?...: \($0)") }, "\(failure)")
        #expect(registry.tags("shop/web") == [])
    }

    @Test func `a manifest that is accepted and not there is an error`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [
                .init(times: .max, .answer(FakeAnswer(201))) { $0.method == "PUT" && $0.path.contains("manifests") }
            ]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.hasPrefix("'HOST/shop/web' took the manifest 'sha256:"))
        #expect(failure.hasSuffix("' and does not have it"))
        #expect(registry.tags("shop/web") == [])
    }

    @Test func `a blob that is accepted and not there is an error`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(FakeAnswer(201))) { $0.method == "PUT" && $0.path.contains("uploads") }]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.contains("took the blob 'sha256:"))
        #expect(failure.hasSuffix("' and does not have it"))
        #expect(registry.tags("shop/web") == [])
    }

    @Test func `a version of another image is not moved`() async throws {
        let bench = try RegistryBench()
        let other = try RegistryBench(layers: [RegistryBench.bytes(10, seed: 9)])
        let registry = try await FakeRegistry.start()
        try await other.push(to: registry)
        let failure = await bench.failure(pushingTo: registry)
        #expect(
            failure == "'HOST/shop/web:1.0' stands for another image, '\(other.image.config.digest)', "
                + "and a version never changes its meaning"
        )
        #expect(registry.manifest("shop/web", "1.0") == other.image.json.canonicalBytes)
    }

    @Test func `sets all tags or none`() async throws {
        let bench = try RegistryBench()
        let old = try RegistryBench(layers: [RegistryBench.bytes(10, seed: 9)])
        let registry = try await FakeRegistry.start(
            faults: [.init(.answer(FakeAnswer(403))) { $0.method == "PUT" && $0.path.hasSuffix("/third") }]
        )
        let before = try registry.hold(old, as: "second")
        try await WebClient.with(trust: TrustSettings()) { client in
            let session = bench.session(client, insecure: [registry.authority])
            let push = ImagePush(session: session, store: bench.store)
            let reference = try Reference(parsing: "\(registry.authority)/shop/web")
            let content = try await push.content(
                of: bench.image,
                to: reference,
                packing: BlobSource.storedForm(in: bench.store)
            )
            await #expect(throws: RegistryError.self) {
                _ = try await push.tag(
                    ["first", "second", "third"].map { PushedTag(content, tag: $0, isVersion: false) }
                )
            }
        }
        #expect(registry.tags("shop/web") == ["second"])
        #expect(registry.manifest("shop/web", "second") == before)
    }

    @Test func `no message shows a password or a token that the registry sends back`() async throws {
        let bench = try RegistryBench()
        let body = Array("you sent \(RegistryBench.password) and token-of-fake-1".utf8)
        let registry = try await FakeRegistry.start(
            RegistryBench.bearer(),
            faults: [.init(times: .max, .answer(FakeAnswer(403, body: body))) { $0.method == "POST" }]
        )
        let failure = await bench.failure(pushingTo: registry)
        #expect(failure.contains(": 403 you sent *** and ***"))
    }
}
