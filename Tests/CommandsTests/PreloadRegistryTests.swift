import FakeRegistry
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A registry's image that a machine takes along as it is.
@Suite("Preloading images of registries") struct PreloadRegistryTests {
    /// A registry with `kitchen/site:1`, and beside the kitchen's own Bakefile one of a machine that takes it along.
    private func kitchen(_ registry: FakeRegistry, _ preload: (String) -> String) async throws -> Kitchen {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        try await push(kitchen, to: registry)
        let text = """
            bakefile: 1
            project: derived
            images:
              machine:
                kind: ami
                from: scratch
                version: sequence
                steps:
                  - file: { path: /usr/bin/docker, content: "docker", mode: "0755" }
                  - file: { path: /usr/bin/tar, content: "tar", mode: "0755" }
                  - preload: \(preload("\(registry.authority)/kitchen/site"))

            """
        try kitchen.work.write(text, to: "derived/Bakefile")
        return kitchen
    }

    private func push(_ kitchen: Kitchen, to registry: FakeRegistry) async throws {
        let place = "\(registry.authority)/kitchen/site:1"
        try await kitchen.run("push", "site", "--to", place, "--no-attestations", "--insecure", registry.authority)
    }

    private func derived(_ kitchen: Kitchen, _ registry: FakeRegistry, _ arguments: String...) async throws
        -> ToolResult
    {
        try await kitchen.ovenbird(
            arguments + ["--insecure", registry.authority],
            in: kitchen.work.file("derived"),
            store: kitchen.work.file("other-store")
        )
    }

    /// What the machine has of images.
    private func images(_ kitchen: Kitchen, in folder: TemporaryFolder) async throws -> FilePath {
        let tar = folder.file("root.tar").string
        let export = try await kitchen.ovenbird(
            ["export", "machine", "--format", "rootfs-tar", "--to", tar, "--force"],
            in: kitchen.work.file("derived"),
            store: kitchen.work.file("other-store")
        )
        #expect(export.status == 0, "\(export.error)")
        let root = try folder.makeFolder("root")
        try await requireTool("tar", ["-xf", tar, "-C", root.string])
        return root.appending("usr/lib/ovenbird/preload")
    }

    @Test(.enabled(if: hasTool("skopeo"), "needs skopeo"))
    func `comes with the identity that it has there, under the name that it is pulled as`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await kitchen(registry) { "{ registry: \"\($0):1\" }" }
        let manifest = try ImageManifest(decoding: try #require(registry.manifest("kitchen/site", "1")))
        let bake = try await derived(kitchen, registry, "bake", "--first")
        #expect(bake.status == 0, "\(bake.error)")
        let folder = try TemporaryFolder()
        let image = try await images(kitchen, in: folder).appending("\(registry.authority)+kitchen+site:1")
        #expect(try Files.read(image.appending("names")) == Array("\(registry.authority)/kitchen/site:1\n".utf8))
        let ids = String(decoding: try Files.read(image.appending("ids")), as: UTF8.self)
        #expect(ids.hasPrefix("\(manifest.config.digest)\n"))
        let archive = folder.file("site.tar").string
        try await requireTool(
            "sh",
            ["-c", "cd \"$1\" && tar --create --file \"$2\" -- *", "-", "\(image)/archive", archive]
        )
        let config = try await requireTool("skopeo", ["inspect", "--config", "--raw", "docker-archive:\(archive)"])
        #expect(Digester.digest(of: config) == manifest.config.digest)

        let release = try JSONValue.parse(Files.read(kitchen.work.file("derived/out/release.json")))
        let used = release["images"]?["machine"]?["images"]?.arrayValue?.first
        #expect(used?["image"]?.stringValue == "registry \(registry.authority)/kitchen/site:1")
        let entry = Digester.digest(of: try #require(registry.manifest("kitchen/site", "1")))
        #expect(used?["identity"]?.stringValue == entry.description)
    }

    @Test func `is pinned by the lock, which fetches none of it`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await kitchen(registry) { "{ registry: \"\($0):1\", as: [site:blue] }" }
        let entry = Digester.digest(of: try #require(registry.manifest("kitchen/site", "1")))
        let start = registry.requests.count
        let lock = try await derived(kitchen, registry, "lock")
        #expect(lock.text == "'Bakefile.lock' is written: 1 entry, 0 packages\n", "\(lock.error)")
        #expect(!registry.requests[start...].contains { $0.path.contains("/blobs/") && $0.method == "HEAD" })
        let manifest = try ImageManifest(decoding: try #require(registry.manifest("kitchen/site", "1")))
        let layers = Set(manifest.layers.map { "/v2/kitchen/site/blobs/\($0.digest)" })
        #expect(!registry.requests[start...].contains { layers.contains($0.path) })
        let text = String(decoding: try Files.read(kitchen.work.file("derived/Bakefile.lock")), as: UTF8.self)
        #expect(text.contains("image: \(entry)"), "\(text)")

        // The tag moves, and the lock does not.
        try kitchen.work.write("<p>Other\n", to: "site/index.html")
        try await kitchen.run("bake")
        try await push(kitchen, to: registry)
        let bake = try await derived(kitchen, registry, "bake", "--first")
        #expect(bake.status == 0, "\(bake.error)")
        #expect(registry.lines[start...].contains("GET /v2/kitchen/site/manifests/\(entry)"))
        let plan = try await kitchen.ovenbird(
            ["plan"],
            in: kitchen.work.file("derived"),
            store: kitchen.work.file("other-store")
        )
        #expect(plan.text.contains("unchanged, pinned"), "\(plan.text)")
        let folder = try TemporaryFolder()
        let image = try await images(kitchen, in: folder).appending("\(registry.authority)+kitchen+site:1")
        #expect(try Files.read(image.appending("names")) == Array("site:blue\n".utf8))

        let update = try await derived(kitchen, registry, "lock", "--update", "machine")
        #expect(update.status == 0, "\(update.error)")
        #expect(try await derived(kitchen, registry, "bake").error.contains("machine:preload-1 starts"))
    }

    @Test func `has to be signed where keys are stated`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await kitchen(registry) { "{ registry: \"\($0):1\", verify: [key.pub] }" }
        let derivedFolder = kitchen.work.file("derived")
        try await requireTool(
            "sh",
            [
                "-ec",
                "openssl ecparam -name prime256v1 -genkey -noout -out key.pem && openssl ec -in key.pem -pubout -out key.pub",
            ],
            in: derivedFolder
        )
        let refused = try await derived(kitchen, registry, "bake", "--first")
        #expect(refused.status == 4)
        #expect(refused.error.contains("Bakefile:11:9: error: cannot use '\(registry.authority)/kitchen/site:1'"))
        let sign = try await kitchen.ovenbird(
            ["sign", "\(registry.authority)/kitchen/site:1", "--key", "key.pem", "--insecure", registry.authority],
            in: derivedFolder
        )
        #expect(sign.status == 0, "\(sign.error)")
        let bake = try await derived(kitchen, registry, "bake", "--first")
        #expect(bake.status == 0, "\(bake.error)")
    }

    @Test func `without a tag says what Docker calls it`() async throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let text = """
            bakefile: 1
            project: kitchen
            images:
              machine:
                kind: ami
                from: scratch
                steps: [{ preload: { registry: "registry.example.com/cache@\(digest)" } }]
            """
        let result = try await Kitchen(text).ovenbird(["check"])
        #expect(result.status == 2)
        #expect(result.error.contains("'machine' preloads 'registry.example.com/cache@sha256:aaa"))
        #expect(result.error.contains("', which has no tag [missing-key]"))
        #expect(result.error.contains("why: Docker finds an image that it has by name and tag"))
    }
}
