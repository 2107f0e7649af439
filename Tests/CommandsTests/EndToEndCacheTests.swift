import FakeRegistry
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A shared cache in Debian's docker-registry, between two stores that know nothing of each other.
@Suite("A shared cache", .enabled(if: hasTool("docker-registry")))
struct EndToEndCacheTests {
    private func bakefile(_ host: String) -> String {
        Kitchen.site.replacing("images:\n", with: "cache: { registry: \(host)/kitchen/cache }\nimages:\n")
    }

    /// Steps by how they ended, from the events of a bake.
    private func origins(_ bake: ToolResult) throws -> [String: String] {
        var origins: [String: String] = [:]
        for line in bake.error.split(separator: "\n") where line.hasPrefix("{") {
            let event = try JSONValue.parse(Array(line.utf8))
            guard let step = event["step"]?.stringValue, let origin = event["origin"]?.stringValue else { continue }
            origins[step] = origin
        }
        return origins
    }

    private func tags(_ host: String) async throws -> [String] {
        let list = try await requireTool("curl", ["-sf", "http://\(host)/v2/kitchen/cache/tags/list"])
        return try JSONValue.parse(Array(list.utf8))["tags"]?.arrayValue?.compactMap(\.stringValue).sorted() ?? []
    }

    @Test func `the second machine runs no step, and its plan says so`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            let first = try await kitchen.ovenbird(bake)
            #expect(first.status == 0, "\(first.error)")
            #expect(first.error.contains("shared 4 steps with \(host)/kitchen/cache"))
            #expect(try Set(origins(first).values) == ["ran"])
            #expect(try await tags(host).count == 4)

            let other = folder.file("other")
            let online = ["plan", "--online", "--detailed-exitcode", "--insecure", host]
            let plan = try await kitchen.ovenbird(online, store: other)
            #expect(plan.text.components(of: "in the shared cache '\(host)/kitchen/cache'") == 4, "\(plan.text)")
            let offline = try await kitchen.ovenbird(["plan"], store: other)
            #expect(!offline.text.contains("shared cache"))

            let second = try await kitchen.ovenbird(bake, store: other)
            #expect(second.status == 0, "\(second.error)")
            #expect(try Set(origins(second).values) == ["shared"])
            #expect(!second.error.contains("shared 4 steps"))
            #expect(
                second.text.split(separator: "\n").first { $0.contains("site") }
                    == first.text.split(separator: "\n").first { $0.contains("site") }
            )
            let check = try await kitchen.ovenbird(["fsck"], store: other)
            #expect(check.status == 0, "\(check.error)")

            // Nothing changes where all is there already.
            let third = try await kitchen.ovenbird(bake, store: other)
            #expect(try Set(origins(third).values) == ["cached"])
            let none = try await kitchen.ovenbird(
                bake + ["--cache-from", "none", "--cache-to", "none"],
                store: folder.file("alone")
            )
            #expect(try Set(origins(none).values) == ["ran"])
        }
    }

    @Test func `one changed step is all that runs`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            let cache = "\(host)/kitchen/cache"
            let first = try await kitchen.ovenbird(bake + ["--cache-to", cache])
            #expect(first.status == 0, "\(first.error)")
            try kitchen.work.write(Kitchen.site.replacing("ok", with: "good"), to: "Bakefile")
            let second = try await kitchen.ovenbird(bake + ["--cache-from", cache], store: folder.file("other"))
            #expect(second.status == 0, "\(second.error)")
            let origins = try origins(second)
            #expect(origins.filter { $0.value == "shared" }.count == 2, "\(origins)")
            #expect(origins.filter { $0.value == "ran" }.count == 2, "\(origins)")
        }
    }

    @Test func `a result under another's key is passed over, and the step runs`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            let first = try await kitchen.ovenbird(bake)
            #expect(first.status == 0, "\(first.error)")
            // Somebody who may write moves every tag to another result.
            let tags = try await tags(host)
            let type = "application/vnd.oci.image.manifest.v1+json"
            let manifests = "http://\(host)/v2/kitchen/cache/manifests"
            for (index, tag) in tags.enumerated() {
                let file = folder.file("manifest-\(index)").string
                try await requireTool("curl", ["-sf", "-H", "Accept: \(type)", "-o", file, "\(manifests)/\(tag)"])
            }
            for (index, tag) in tags.enumerated() {
                let file = folder.file("manifest-\((index + 1) % tags.count)").string
                try await requireTool(
                    "curl",
                    [
                        "-sf", "-X", "PUT", "-H", "Content-Type: \(type)", "--data-binary", "@\(file)",
                        "\(manifests)/\(tag)",
                    ]
                )
            }
            let second = try await kitchen.ovenbird(bake, store: folder.file("other"))
            #expect(second.status == 0, "\(second.error)")
            #expect(try Set(origins(second).values) == ["ran"])
            #expect(
                second.error.contains(
                    "warning: the shared cache '\(host)/kitchen/cache' is passed over: '\(host)/kitchen/cache': "
                        + "what it has as 'step-"
                )
            )
            #expect(second.error.contains("' is the result of another step [registry-wrong-content]"))
            #expect(second.error.contains("shared 4 steps with \(host)/kitchen/cache"), "\(second.error)")

            // It put its own in the place of what was wrong.
            let third = try await kitchen.ovenbird(bake, store: folder.file("third"))
            #expect(try Set(origins(third).values) == ["shared"], "\(third.error)")
            #expect(!third.error.contains("is passed over"), "\(third.error)")
        }
    }

    /// The manifest of each result, by its tag.
    private func manifests(_ host: String) async throws -> [String: ImageManifest] {
        var manifests: [String: ImageManifest] = [:]
        for tag in try await tags(host) {
            let text = try await requireTool(
                "curl",
                [
                    "-sf", "-H", "Accept: \(MediaType.imageManifest)",
                    "http://\(host)/v2/kitchen/cache/manifests/\(tag)",
                ]
            )
            manifests[tag] = try ImageManifest(decoding: Array(text.utf8))
        }
        return manifests
    }

    @Test(arguments: ["layer", "config"])
    func `a result that has lost a blob is made anew, alone, and whole afterwards`(_ lost: String) async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            let first = try await kitchen.ovenbird(bake)
            #expect(first.status == 0, "\(first.error)")
            let results = try await manifests(host).sorted { $0.key < $1.key }
            let (tag, manifest) = try #require(results.first)
            let blob = try #require(lost == "layer" ? manifest.layers.first : manifest.config).digest
            try await requireTool("curl", ["-sf", "-X", "DELETE", "http://\(host)/v2/kitchen/cache/blobs/\(blob)"])

            let second = try await kitchen.ovenbird(bake, store: folder.file("second"))
            #expect(second.status == 0, "\(second.error)")
            #expect(try origins(second).values.sorted() == ["ran", "shared", "shared", "shared"])
            let cache = "\(host)/kitchen/cache"
            #expect(
                second.error.contains(
                    """
                    warning: the shared cache '\(cache)' is passed over: '\(cache)': what it has as '\(tag)' lacks its blob \
                    '\(blob)' [registry-wrong-content]
                      why: GET http://\(cache.replacing("/", with: "/v2/", maxReplacements: 1))/blobs/\(blob): 404 BLOB_UNKNOWN: \
                    blob unknown to registry

                    """
                ),
                "\(second.error)"
            )
            #expect(second.error.contains("shared 1 step with \(cache)"), "\(second.error)")
            #expect(try await manifests(host).sorted { $0.key < $1.key }.map(\.value) == results.map(\.value))

            let third = try await kitchen.ovenbird(bake, store: folder.file("third"))
            #expect(try Set(origins(third).values) == ["shared"], "\(third.error)")
            #expect(!third.error.contains("is passed over"), "\(third.error)")
        }
    }

    @Test func `a result with the layer of another is refused, made anew, and replaced`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            let first = try await kitchen.ovenbird(bake)
            #expect(first.status == 0, "\(first.error)")
            // Its config is the right one under the right key.
            let results = try await manifests(host)
            let (victim, other) = try (#require(results.keys.min()), #require(results.keys.max()))
            var forged = try #require(results[victim])
            let layers = try #require(results[other]).layers
            #expect(forged.layers != layers)
            forged.layers = layers
            let file = try folder.write(forged.json.canonicalBytes, to: "forged.json")
            try await requireTool(
                "curl",
                [
                    "-sf", "-X", "PUT", "-H", "Content-Type: \(MediaType.imageManifest)", "--data-binary",
                    "@\(file)", "http://\(host)/v2/kitchen/cache/manifests/\(victim)",
                ]
            )

            let second = try await kitchen.ovenbird(bake, store: folder.file("second"))
            #expect(second.status == 0, "\(second.error)")
            #expect(try origins(second).values.sorted() == ["ran", "shared", "shared", "shared"])
            #expect(
                second.error.contains("warning: the base '\(host)/kitchen/cache@sha256:")
                    && second.error.contains("' is not what its config says: its content has the digest 'sha256:"),
                "\(second.error)"
            )
            #expect(second.error.contains("shared 1 step with \(host)/kitchen/cache"), "\(second.error)")
            #expect(try await manifests(host) == results)

            let third = try await kitchen.ovenbird(bake, store: folder.file("third"))
            #expect(try Set(origins(third).values) == ["shared"], "\(third.error)")
            for bake in [second, third] { #expect(try release(bake) == release(first)) }
        }
    }

    /// What a bake says of its image.
    private func release(_ bake: ToolResult) throws -> String {
        String(try #require(bake.text.split(separator: "\n").first { $0.contains("site") }))
    }

    @Test func `a damaged layer that the registry keeps is no reason to pass over the rest`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await Kitchen()
        let host = registry.authority
        try kitchen.work.write(bakefile(host), to: "Bakefile")
        let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
        let first = try await kitchen.ovenbird(bake)
        #expect(first.status == 0, "\(first.error)")
        let tag = try #require(registry.tags("kitchen/cache").first)
        let manifest = try ImageManifest(decoding: try #require(registry.manifest("kitchen/cache", tag)))
        let layer = try #require(manifest.layers.first).digest
        var bytes = try #require(registry.blob("kitchen/cache", layer))
        bytes[bytes.count / 2] ^= 1
        registry.put(bytes, blobOf: "kitchen/cache", as: layer)

        let second = try await kitchen.ovenbird(bake, store: kitchen.work.file("second"))
        #expect(second.status == 0, "\(second.error)")
        #expect(try origins(second).values.sorted() == ["ran", "shared", "shared", "shared"])
        #expect(
            second.error.contains(
                "'\(host)/kitchen/cache' is passed over: the blob '\(layer)' of '\(host)/kitchen/cache' has another content, "
            ),
            "\(second.error)"
        )
        // It says that it has the blob and takes no other, so that nothing was put there.
        #expect(!second.error.contains("shared 1 step"), "\(second.error)")
    }

    @Test func `a cache that does not keep what it takes is given nothing after two results`() async throws {
        let registry = try await FakeRegistry.start(
            faults: [
                .init(times: .max, .change { $0.headers["docker-content-digest"] = "sha256:other" }) {
                    $0.method == "PUT" && $0.path.contains("/manifests/")
                }
            ]
        )
        let steps = (1...12).map { "\n      - file: { path: /srv/file-\($0), content: \"\($0)\" }" }
        let kitchen = try await Kitchen()
        let cache = "\(registry.authority)/kitchen/cache"
        try kitchen.work.write(Kitchen.site + steps.joined(), to: "Bakefile")
        let bake = try await kitchen.ovenbird(
            ["bake", "--first", "--cache-to", cache, "--insecure", registry.authority]
        )
        #expect(bake.status == 0, "\(bake.error)")
        #expect(
            bake.error.components(of: "warning: the shared cache '\(cache)' is passed over: PUT ") == 2,
            "\(bake.error)"
        )
        #expect(bake.error.components(of: "the registry says that it has 'sha256:other', not 'sha256:") == 2)
        // Four at a time, and one more after the first that failed.
        #expect((2...5).contains(registry.lines.filter { $0.hasPrefix("PUT /v2/kitchen/cache/manifests/") }.count))
    }

    @Test func `a cache that cannot be had costs a warning`() async throws {
        let kitchen = try await Kitchen()
        let bake = try await kitchen.ovenbird([
            "bake", "--first", "--cache-from", "127.0.0.1:1/a", "--cache-to", "127.0.0.1:1/a", "--insecure",
            "127.0.0.1:1",
        ])
        #expect(bake.status == 0, "\(bake.error)")
        #expect(bake.error.components(of: "warning: the shared cache '127.0.0.1:1/a' is passed over: ") == 1)
        #expect(bake.error.contains("nobody listens there [registry-unreachable]"), "\(bake.error)")
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root, an OCI runtime and busybox"))
    func `a step that runs a program runs on the first machine only`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await StepKitchen.make(
                """
                - run: mkdir -p /srv/a && echo text > /srv/a/file && chmod 4755 /srv/a/file && ln /srv/a/file /srv/link
                - run: { command: echo more >> /srv/a/file, env: { A: b } }
                """
            )
            try kitchen.rewrite("images:\n", "cache: { registry: \(host)/kitchen/cache }\nimages:\n")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            let first = try await kitchen.ovenbird(bake)
            #expect(first.status == 0, "\(first.error)")
            #expect(try origins(first) == ["box:from": "ran", "box:run-1": "ran", "box:run-2": "ran"])
            let identity = try kitchen.identity(of: "box").identity

            let second = try await kitchen.ovenbird(bake, store: folder.file("second"))
            #expect(second.status == 0, "\(second.error)")
            #expect(try origins(second) == ["box:from": "shared", "box:run-1": "shared", "box:run-2": "shared"])
            #expect(try kitchen.identity(of: "box").identity == identity)
            let check = try await kitchen.ovenbird(["fsck"], store: folder.file("second"))
            #expect(check.text.contains(": all good\n"), "\(check.error)")
        }
    }

    @Test(.enabled(if: AptKitchen.canRun, "needs root, an OCI runtime, dpkg and python3"))
    func `packages that nothing pins are those of the first machine, without a mirror`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let apt = try await AptKitchen()
            let kitchen = apt.kitchen
            try kitchen.rewrite("images:\n", "cache: { registry: \(host)/kitchen/cache }\nimages:\n")
            try await apt.publish("hello 1.0")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            let first = try await kitchen.ovenbird(bake)
            #expect(first.status == 0, "\(first.error)")
            #expect(try origins(first)["box:packages-1"] == "ran")
            let identity = try kitchen.identity(of: "box").identity

            try await apt.stop()
            let second = try await kitchen.ovenbird(bake, store: folder.file("second"))
            #expect(second.status == 0, "\(second.error)")
            #expect(try Set(origins(second).values) == ["shared"])
            #expect(try kitchen.identity(of: "box").identity == identity)
            // What it was resolved to came along.
            let plan = try await kitchen.ovenbird(["plan"], store: folder.file("second"))
            #expect(plan.text.contains("unpinned, resolved on "), "\(plan.text)")
            let lock = try await kitchen.ovenbird(["lock", "--insecure", host], store: folder.file("second"))
            #expect(lock.text == "'Bakefile.lock' is written: 1 entry, 1 package\n", "\(lock.error)")
        }
    }

    @Test func `what is no repository is refused`() async throws {
        let kitchen = try await Kitchen()
        let bake = try await kitchen.ovenbird(["bake", "--cache-from", "cache", "--cache-to", "h.example/a:1"])
        #expect(bake.status == 2)
        #expect(
            bake.error == """
                error: '--cache-from' cannot be 'cache' [option-value]
                  why: it names no registry, and none is assumed
                  fix: write it like 'registry.example.com/storefront/cache', or 'none'
                error: '--cache-to' cannot be 'h.example/a:1' [option-value]
                  why: a shared cache has neither tag nor digest: each result has its own
                  fix: write it like 'registry.example.com/storefront/cache', or 'none'
                2 errors

                """
        )
    }
}

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
