import FakeRegistry
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What is asked of a registry for a base: no more than is needed, by the log of the registry.
@Suite struct LazyBaseTests {
    /// A registry with `kitchen/base:1`, and a kitchen whose images start from it.
    private func kitchen(_ registry: FakeRegistry, _ images: String) async throws -> Kitchen {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        try await kitchen.run(
            "push",
            "site",
            "--to",
            "\(registry.authority)/kitchen/base:1",
            "--no-attestations",
            "--insecure",
            registry.authority
        )
        let text = """
            bakefile: 1
            project: derived
            images:
              web:
                kind: docker
                from: { registry: "\(registry.authority)/kitchen/base:1" }
                version: sequence
                steps:
                  - file: { path: /srv/more, content: "more\\n" }
            """
        try kitchen.work.write(text + images, to: "derived/Bakefile")
        return kitchen
    }

    /// The layers of the base that were fetched since `start` requests.
    private func fetched(_ registry: FakeRegistry, since start: Int) throws -> Int {
        let manifest = try ImageManifest(decoding: try #require(registry.manifest("kitchen/base", "1")))
        let layers = Set(manifest.layers.map { "/v2/kitchen/base/blobs/\($0.digest)" })
        #expect(layers.count == 4)
        return registry.requests[start...].filter { $0.method == "GET" && layers.contains($0.path) }.count
    }

    @Test func `a lock fetches no layer of a base, and a bake those that it lacks`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await kitchen(registry, "")
        let (folder, store) = (kitchen.work.file("derived"), kitchen.work.file("other-store"))
        let options = ["--insecure", registry.authority]
        let start = registry.requests.count
        let lock = try await kitchen.ovenbird(["lock"] + options, in: folder, store: store)
        #expect(lock.status == 0, "\(lock.error)")
        #expect(lock.text == "'Bakefile.lock' is written: 1 entry, 0 packages\n")
        #expect(try fetched(registry, since: start) == 0)
        let base = Digester.digest(of: try #require(registry.manifest("kitchen/base", "1")))
        let text = String(decoding: try Files.read(folder.appending("Bakefile.lock")), as: UTF8.self)
        #expect(text.contains("image: \(base)"), "\(text)")

        // Locked again it is what it was; an update asks anew, and takes note of when.
        for arguments in [["lock"], ["lock", "--check"]] {
            let again = try await kitchen.ovenbird(arguments + options, in: folder, store: store)
            #expect(again.text == "'Bakefile.lock' is up to date: 1 entry, 0 packages\n", "\(again.error)")
        }
        let update = try await kitchen.ovenbird(["lock", "--update"] + options, in: folder, store: store)
        #expect(update.status == 0, "\(update.error)")
        #expect(try fetched(registry, since: start) == 0)

        let bake = try await kitchen.ovenbird(["bake", "--first"] + options, in: folder, store: store)
        #expect(bake.status == 0, "\(bake.error)")
        #expect(try fetched(registry, since: start) == 4)
        let next = try await kitchen.ovenbird(["bake", "--refresh"] + options, in: folder, store: store)
        #expect(next.status == 0, "\(next.error)")
        #expect(try fetched(registry, since: start) == 4)
    }

    @Test func `two images resolve one base alike, and a bake without the lock goes on with it`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await kitchen(
            registry,
            """

              twin:
                kind: docker
                from: { registry: "\(registry.authority)/kitchen/base:1" }
                version: sequence
              above:
                kind: docker
                from: { image: twin }
                version: sequence
            """
        )
        let (folder, store) = (kitchen.work.file("derived"), kitchen.work.file("other-store"))
        let options = ["--insecure", registry.authority]
        let start = registry.requests.count
        let lock = try await kitchen.ovenbird(["lock"] + options, in: folder, store: store)
        #expect(lock.text == "'Bakefile.lock' is written: 1 entry, 0 packages\n", "\(lock.error)")
        #expect(try fetched(registry, since: start) == 0)
        try Files.removeFile(folder.appending("Bakefile.lock"))
        let plan = try await kitchen.ovenbird(["plan"], in: folder, store: store)
        #expect(plan.text.contains("will run"), "\(plan.text)")
        let base = Digester.digest(of: try #require(registry.manifest("kitchen/base", "1")))

        // The tag moves; what was resolved counts.
        try kitchen.work.write("<p>Other\n", to: "site/index.html")
        try await kitchen.run("bake")
        _ = try await kitchen.ovenbird(
            ["push", "site", "--to", "\(registry.authority)/kitchen/base:1", "--no-attestations"] + options
        )
        #expect(Digester.digest(of: try #require(registry.manifest("kitchen/base", "1"))) != base)
        let bake = try await kitchen.ovenbird(
            ["bake", "--first", "--format", "json"] + options,
            in: folder,
            store: store
        )
        #expect(bake.status == 0, "\(bake.error)")
        #expect(registry.lines[start...].contains("GET /v2/kitchen/base/manifests/\(base)"))
        let release = try JSONValue.parse(bake.output)["images"]
        let identities = ["web", "twin", "above"].map { release?[$0]?["base"]?["digest"]?.stringValue }
        #expect(identities[0] != nil && identities[0] == identities[1], "\(identities)")
    }

    @Test func `an unpinned base comes from a shared cache, and is not asked for where it is`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await kitchen(registry, "")
        let folder = kitchen.work.file("derived")
        let bake = ["bake", "--first", "--insecure", registry.authority, "--progress", "json"]
        let shared = bake + ["--cache-to", "\(registry.authority)/kitchen/cache"]
        let first = try await kitchen.ovenbird(shared, in: folder, store: kitchen.work.file("first-store"))
        #expect(first.status == 0, "\(first.error)")
        #expect(first.error.contains("shared 2 steps with \(registry.authority)/kitchen/cache"), "\(first.error)")
        let identity = try kitchen.identity(of: "web", in: folder).identity

        // The tag moves; what the first machine resolved it to counts.
        registry.remove("1", manifestOf: "kitchen/base")
        let start = registry.requests.count
        let second = try await kitchen.ovenbird(
            bake + ["--cache-from", "\(registry.authority)/kitchen/cache"],
            in: folder,
            store: kitchen.work.file("second-store")
        )
        #expect(second.status == 0, "\(second.error)")
        #expect(second.error.components(of: "\"origin\":\"shared\"") == 2, "\(second.error)")
        #expect(registry.requests[start...].allSatisfy { !$0.path.hasPrefix("/v2/kitchen/base/") })
        #expect(try kitchen.identity(of: "web", in: folder).identity == identity)
    }

    @Test func `a base that cannot be had is one error`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await kitchen(registry, "")
        registry.add(.init(times: .max, .answer(FakeAnswer(404))) { $0.path.hasSuffix("/manifests/1") })
        let lock = try await kitchen.ovenbird(
            ["lock", "--insecure", registry.authority],
            in: kitchen.work.file("derived"),
            store: kitchen.work.file("other-store")
        )
        #expect(lock.status == 4)
        #expect(lock.error.contains("'\(registry.authority)/kitchen/base' has no '1'"), "\(lock.error)")
        #expect(!Files.exists(kitchen.work.file("derived/Bakefile.lock")))
    }
}

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
