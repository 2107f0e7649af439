import FakeRegistry
import HTTPTransport
import OCI
import Registry
import Synchronization
import SystemIO
import Testing

/// Documents beside a manifest, with the referrers API and without it.
///
/// Source: OCI distribution specification 1.1, "Pushing Manifests with Subject" and "Listing Referrers".
@Suite struct ReferrersTests {
    private func document(_ text: String, _ type: MediaType = .spdx) -> BlobSource {
        let bytes = Array(text.utf8)
        let digest = Digester.digest(of: bytes)
        return BlobSource(ContentDescriptor(mediaType: type, digest: digest, size: Int64(bytes.count)), bytes: bytes)
    }

    @discardableResult
    private func attach(
        _ documents: [BlobSource],
        in registry: FakeRegistry,
        of bench: RegistryBench
    ) async throws -> AttachmentOutcome {
        let bytes = bench.image.json.canonicalBytes
        let subject = ContentDescriptor(
            mediaType: .imageManifest,
            digest: Digester.digest(of: bytes),
            size: Int64(bytes.count)
        )
        return try await client(registry, bench) { client in
            try await client.attach(documents.map { Attachment($0, annotations: ["k": "v"]) }, to: subject)
        }
    }

    private func client<Value: Sendable>(
        _ registry: FakeRegistry,
        _ bench: RegistryBench,
        _ body: (RepositoryClient) async throws -> Value
    ) async throws -> Value {
        try await WebClient.with(trust: TrustSettings()) { client in
            let session = bench.session(client, insecure: [registry.authority])
            let reference = try Reference(parsing: "\(registry.authority)/shop/web")
            return try await body(try session.repository(reference, forPushing: true))
        }
    }

    private func failure(_ registry: FakeRegistry, _ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "it succeeded"
        } catch {
            return "\(error)".replacing(registry.authority, with: "HOST")
        }
    }

    private func subject(_ bench: RegistryBench) -> Digest { Digester.digest(of: bench.image.json.canonicalBytes) }

    private func tag(_ bench: RegistryBench) -> String { "sha256-\(subject(bench).hex)" }

    @Test(arguments: [true, false]) func `are put, listed, and not put again`(listsReferrers: Bool) async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(RegistryBench.bearer(), listsReferrers: listsReferrers)
        try registry.hold(bench)
        let documents = [document("one"), document("two", .inToto), document("three")]
        let outcome = try await attach(documents, in: registry, of: bench)
        #expect(!outcome.isUnchanged)
        #expect(outcome.uploadedBytes == 2 + 3 + 3 + 5)
        #expect(registry.tags("shop/web") == ["1.0"] + (listsReferrers ? [] : [tag(bench)]))

        let listed = try await client(registry, bench) { try await $0.referrers(of: subject(bench)) }
        #expect(Set(listed.map(\.digest)) == Set(outcome.manifests))
        #expect(Set(listed.compactMap(\.artifactType)) == [.spdx, .inToto])
        #expect(listed.allSatisfy { $0.annotations == ["k": "v"] && $0.mediaType == .imageManifest })
        let first = outcome.manifests[0]
        let artifact = try ImageManifest(decoding: try #require(registry.manifest("shop/web", first.description)))
        // The empty descriptor, by the image specification's own figures.
        #expect(artifact.config.mediaType.description == "application/vnd.oci.empty.v1+json")
        #expect(
            artifact.config.digest.description
                == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        )
        #expect(artifact.config.size == 2)
        #expect(artifact.subject?.digest == subject(bench))
        #expect(artifact.artifactType == .spdx)
        #expect(registry.blob("shop/web", artifact.layers[0].digest) == Array("one".utf8))

        let before = registry.requests.count
        let again = try await attach(documents, in: registry, of: bench)
        #expect(again.isUnchanged)
        #expect(again.uploadedBytes == 0)
        #expect(again.manifests == outcome.manifests)
        #expect(registry.requests[before...].allSatisfy { ["GET", "HEAD"].contains($0.method) })
    }

    @Test(arguments: [true, false]) func `are known by an annotation, where one is named`(listsReferrers: Bool)
        async throws
    {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(listsReferrers: listsReferrers)
        try registry.hold(bench)
        func attach(_ text: String, _ key: String, _ type: MediaType = .inToto) async throws -> AttachmentOutcome {
            let attachment = Attachment(document(text, type), annotations: ["key": key], knownBy: "key")
            let size = Int64(bench.image.json.canonicalBytes.count)
            let subject = ContentDescriptor(mediaType: .imageManifest, digest: subject(bench), size: size)
            return try await client(registry, bench) { try await $0.attach([attachment], to: subject) }
        }
        let first = try await attach("one", "a")
        let same = try await attach("two", "a")
        #expect(same.isUnchanged)
        #expect(same.manifests == first.manifests)
        #expect(try await !attach("two", "b").isUnchanged)
        #expect(try await !attach("two", "a", .spdx).isUnchanged)
        // What is listed and gone does not count.
        registry.remove(first.manifests[0].description, manifestOf: "shop/web")
        #expect(try await !attach("two", "a").isUnchanged)
    }

    @Test func `leave under the tag what others have written there`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(listsReferrers: false)
        try registry.hold(bench)
        let other = """
            {"annotations":{"by":"somebody"},"manifests":[{"artifactType":"application/x","data":"eA==",\
            "digest":"sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",\
            "mediaType":"application/vnd.oci.image.manifest.v1+json","size":1,"unknown":[1]}],\
            "mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}
            """
        registry.put(
            Array(other.utf8),
            manifestOf: "shop/web",
            as: [tag(bench)],
            type: MediaType.imageIndex.description
        )
        let outcome = try await attach([document("one")], in: registry, of: bench)
        let text = String(decoding: try #require(registry.manifest("shop/web", tag(bench))), as: UTF8.self)
        let parts = other.split(separator: "],\"mediaType\":\"application/vnd.oci.image.index")
        #expect(parts.count == 2)
        #expect(
            text.hasPrefix(parts[0] + ",{\"annotations\":{\"k\":\"v\"},\"artifactType\":\"application/spdx+json\",")
        )
        #expect(text.contains(outcome.manifests[0].description))
        #expect(text.hasSuffix(parts[1]))
    }

    @Test func `go under the tag where the registry does not say that it took note`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .change { $0.headers["oci-subject"] = nil }) { $0.method == "PUT" }]
        )
        try registry.hold(bench)
        try await attach([document("one")], in: registry, of: bench)
        #expect(registry.tags("shop/web") == ["1.0", tag(bench)])
    }

    @Test func `are written again where another has overwritten the tag`() async throws {
        let bench = try RegistryBench()
        let tagged = "/manifests/\(tag(bench))"
        let lost = FakeRegistry.Fault(.answer(FakeAnswer(201))) { $0.method == "PUT" && $0.path.hasSuffix(tagged) }
        let registry = try await FakeRegistry.start(faults: [lost], listsReferrers: false)
        try registry.hold(bench)
        let outcome = try await attach([document("one")], in: registry, of: bench)
        let index = try ImageIndex(decoding: try #require(registry.manifest("shop/web", tag(bench))))
        #expect(index.manifests.map(\.digest) == outcome.manifests)
        #expect(bench.pauses.withLock { $0.count } == 1)

        let deaf = try await FakeRegistry.start(
            faults: [FakeRegistry.Fault(times: .max, lost.effect, when: lost.matches)],
            listsReferrers: false
        )
        try deaf.hold(bench)
        let failure = await failure(deaf) { _ = try await attach([document("one")], in: deaf, of: bench) }
        #expect(
            failure == "'HOST/shop/web' took '\(outcome.manifests[0])' into its tag '\(tag(bench))' "
                + "and does not list it there"
        )
    }

    @Test func `have to be listed by an API that took note of them`() async throws {
        let bench = try RegistryBench()
        let empty = FakeAnswer(200, body: ImageIndex(manifests: []).json.canonicalBytes)
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(empty)) { $0.path.contains("/referrers/") }]
        )
        try registry.hold(bench)
        let failure = await failure(registry) { _ = try await attach([document("one")], in: registry, of: bench) }
        #expect(failure.hasPrefix("'HOST/shop/web' took 'sha256:"))
        #expect(failure.hasSuffix("' as a referrer of '\(subject(bench))' and does not list it"))
        #expect(bench.pauses.withLock { $0.count } == 3)
    }

    @Test func `are not written over something else`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(listsReferrers: false)
        let image = try registry.hold(bench, as: tag(bench))
        let failure = await failure(registry) { _ = try await attach([document("one")], in: registry, of: bench) }
        #expect(
            failure == "'HOST/shop/web:\(tag(bench))' is no list of referrers: "
                + "image index: an index has no 'layers'"
        )
        #expect(registry.manifest("shop/web", tag(bench)) == image)
    }

    @Test func `have room under the tag as long as registries take it`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start(listsReferrers: false)
        try registry.hold(bench)
        let entry = ContentDescriptor(mediaType: .imageManifest, digest: Digester.digest(of: "x"), size: 1)
        let full = ImageIndex(manifests: Array(repeating: entry, count: 10_000)).json.canonicalBytes
        registry.put(full, manifestOf: "shop/web", as: [tag(bench)], type: MediaType.imageIndex.description)
        let failure = await failure(registry) { _ = try await attach([document("one")], in: registry, of: bench) }
        #expect(
            failure == """
                'HOST/shop/web:\(tag(bench))' lists 10000 referrers, and there is no room for more
                  fix: remove the tag, or push with '--no-attestations'
                """
        )
        #expect(registry.manifest("shop/web", tag(bench)) == full)
    }

    @Test func `of an index are those of its manifests, too`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try registry.hold(bench)
        let index = ImageIndex(manifests: [
            ContentDescriptor(
                mediaType: .imageManifest,
                digest: subject(bench),
                size: Int64(bench.image.json.canonicalBytes.count)
            )
        ]).json.canonicalBytes
        let type = MediaType.imageIndex.description
        registry.put(index, manifestOf: "shop/web", as: ["many"], type: type)
        registry.put(Array("{}".utf8), manifestOf: "shop/web", as: ["broken"], type: type)
        let entries = (0...100).map {
            ContentDescriptor(mediaType: .imageManifest, digest: Digester.digest(of: "\($0)"), size: 1)
        }
        let large = ImageIndex(manifests: entries).json.canonicalBytes
        registry.put(large, manifestOf: "shop/web", as: ["large"], type: type)
        func subjects(_ name: String) async throws -> [Digest] {
            try await client(registry, bench) { try await $0.subjects(name) }
        }
        #expect(try await subjects("1.0") == [subject(bench)])
        #expect(try await subjects("many") == [Digester.digest(of: index), subject(bench)])
        #expect(await failure(registry) { _ = try await subjects("2.0") } == "'HOST/shop/web' has no '2.0'")
        #expect(
            await failure(registry) { _ = try await subjects("large") }
                .hasPrefix(
                    "'HOST/shop/web@\(Digester.digest(of: large))' is an index of 101 manifests, more than the limit of 100"
                )
        )
        #expect(
            await failure(registry) { _ = try await subjects("broken") }
                == "'HOST/shop/web@\(Digester.digest(of: "{}"))' is no index: "
                + "image index: 'schemaVersion' is missing, and only 2 is known"
        )
    }

    @Test func `are listed as an index, and each is a manifest`() async throws {
        let bench = try RegistryBench()
        let page = FakeAnswer(200, body: Array("<html>".utf8))
        let registry = try await FakeRegistry.start(
            faults: [.init(times: .max, .answer(page)) { $0.path.contains("/referrers/") }]
        )
        try registry.hold(bench)
        let listing = await failure(registry) {
            _ = try await client(registry, bench) { try await $0.referrers(of: subject(bench)) }
        }
        #expect(
            listing.hasPrefix(
                "GET http://HOST/v2/shop/web/referrers/\(subject(bench)): it is no list of referrers: "
            ),
            "\(listing)"
        )
        let other = Array("{}".utf8)
        let digest = Digester.digest(of: other)
        registry.put(other, manifestOf: "shop/web", as: [], type: MediaType.imageManifest.description)
        let artifact = await failure(registry) {
            _ = try await client(registry, bench) { try await $0.artifact(digest, of: subject(bench)) }
        }
        #expect(
            artifact == "'HOST/shop/web@\(digest)' is no artifact: "
                + "image manifest: 'schemaVersion' is missing, and only 2 is known"
        )
    }

    @Test func `are listed from this registry only, and not for ever`() async throws {
        let bench = try RegistryBench()
        let other = try await FakeRegistry.start()
        let index = ImageIndex(manifests: []).json.canonicalBytes
        for (link, message) in [
            ("http://\(other.authority)/v2/shop/web/referrers/x", "200 without a usable 'Link'"),
            ("?again", "the list of referrers does not end"),
        ] {
            let answer = FakeAnswer(200, ["link": "<\(link)>; rel=\"next\""], body: index)
            let registry = try await FakeRegistry.start(
                RegistryBench.basic,
                faults: [.init(times: .max, .answer(answer)) { $0.path.contains("/referrers/") }]
            )
            let failure = await failure(registry) {
                _ = try await client(registry, bench) { try await $0.referrers(of: subject(bench)) }
            }
            #expect(failure.hasPrefix("GET http://HOST/v2/shop/web/referrers/sha256:"))
            #expect(failure.hasSuffix(message), "\(failure)")
        }
        #expect(other.requests.isEmpty)
    }

    @Test func `have to name the subject under which they are listed`() async throws {
        let bench = try RegistryBench()
        let registry = try await FakeRegistry.start()
        try registry.hold(bench)
        let outcome = try await attach([document("one")], in: registry, of: bench)
        let other = Digester.digest(of: "another")
        let failures = [
            await failure(registry) {
                _ = try await client(registry, bench) { try await $0.artifact(outcome.manifests[0], of: other) }
            },
            await failure(registry) {
                _ = try await client(registry, bench) { try await $0.artifact(other, of: subject(bench)) }
            },
        ]
        #expect(
            failures == [
                "'HOST/shop/web@\(outcome.manifests[0])' is listed as a referrer of '\(other)', and does not name it",
                "'HOST/shop/web' has no '\(other)', which it lists as a referrer",
            ]
        )
        let found = try await client(registry, bench) {
            try await $0.artifact(outcome.manifests[0], of: subject(bench))
        }
        #expect(found.layers.map(\.digest) == [Digester.digest(of: "one")])
    }
}
