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
        }
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
