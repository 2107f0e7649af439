import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A shared cache of which only signed results are taken.
@Suite("A signed cache", .enabled(if: hasTool("docker-registry") && hasTool("openssl") && hasTool("skopeo")))
struct EndToEndSignedCacheTests {
    private func makeKey(_ name: String, in kitchen: Kitchen) async throws {
        try kitchen.work.write("", to: "\(name).key", mode: 0o600)
        for arguments in [
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "\(name).key"],
            ["pkey", "-in", "\(name).key", "-pubout", "-out", "\(name).pub"],
        ] {
            try await requireTool("openssl", arguments, in: kitchen.work.path)
        }
    }

    private func bakefile(_ host: String, verify: String? = nil) -> String {
        let keys = verify.map { ", verify: [\($0)]" } ?? ""
        return Kitchen.site.replacing("images:\n", with: "cache: { registry: \(host)/kitchen/cache\(keys) }\nimages:\n")
    }

    private func origins(_ bake: ToolResult) throws -> Set<String> {
        #expect(bake.status == 0, "\(bake.error)")
        var origins: Set<String> = []
        for line in bake.error.split(separator: "\n") where line.hasPrefix("{") {
            let event = try JSONValue.parse(Array(line.utf8))
            if event["step"] != nil, let origin = event["origin"]?.stringValue { origins.insert(origin) }
        }
        return origins
    }

    @Test func `only what a named key has signed is taken, and what is not is replaced`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            for name in ["ci", "thief"] { try await makeKey(name, in: kitchen) }
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            func bakeElsewhere(_ store: String, _ options: String...) async throws -> ToolResult {
                try await kitchen.ovenbird(bake + options, store: folder.file(store))
            }
            // Anybody who may write there puts results that nobody has signed.
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            #expect(try await origins(bakeElsewhere("unsigned")) == ["ran"])

            try kitchen.work.write(bakefile(host, verify: "ci.pub"), to: "Bakefile")
            let refused = try await bakeElsewhere("reader")
            #expect(try origins(refused) == ["ran"])
            #expect(
                refused.error.contains(
                    "warning: the shared cache '\(host)/kitchen/cache' is passed over: '\(host)/kitchen/cache@sha256:"
                ),
                "\(refused.error)"
            )
            #expect(
                refused.error.contains(
                    """
                    ' is not signed by 'ci.pub' [not-signed]
                      why: the repository has no signature of it
                      fix: bake where the key is, with '--cache-key KEY', which puts a signed one in its place

                    """
                ),
                "\(refused.error)"
            )
            #expect(!refused.error.contains("shared 4 steps"), "without a key nothing is put there")
            let plan = try await kitchen.ovenbird(
                ["plan", "--online", "--insecure", host],
                store: folder.file("planner")
            )
            #expect(!plan.text.contains("in the shared cache"), "\(plan.text)")

            // Nor is another's signature enough.
            try kitchen.work.write(bakefile(host, verify: "thief.pub"), to: "Bakefile")
            let thief = try await bakeElsewhere("thief", "--cache-key", "thief.key")
            #expect(try origins(thief) == ["ran"])
            #expect(thief.error.contains("shared 4 steps with \(host)/kitchen/cache"), "\(thief.error)")
            try kitchen.work.write(bakefile(host, verify: "ci.pub"), to: "Bakefile")
            let stolen = try await bakeElsewhere("other-reader")
            #expect(try origins(stolen) == ["ran"])
            #expect(stolen.error.contains("  why: signature 1 is by none of the keys\n"), "\(stolen.error)")

            // Who has the key puts signed ones in their place, once.
            let signing = try await bakeElsewhere("ci", "--cache-key", "ci.key")
            #expect(try origins(signing) == ["ran"])
            #expect(signing.error.contains("shared 4 steps with \(host)/kitchen/cache"), "\(signing.error)")
            let again = try await bakeElsewhere("ci", "--cache-key", "ci.key")
            #expect(try origins(again) == ["cached"])
            #expect(!again.error.contains("shared 4 steps"), "\(again.error)")
            #expect(try await origins(bakeElsewhere("signed")) == ["shared"])
            let online = try await kitchen.ovenbird(
                ["plan", "--online", "--insecure", host],
                store: folder.file("planner")
            )
            #expect(online.text.contains("in the shared cache '\(host)/kitchen/cache'"), "\(online.text)")
        }
    }

    @Test func `a signed result that has lost its layer is made whole by who has the key`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try await makeKey("ci", in: kitchen)
            try kitchen.work.write(bakefile(host, verify: "ci.pub"), to: "Bakefile")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            #expect(try await origins(kitchen.ovenbird(bake + ["--cache-key", "ci.key"])) == ["ran"])
            let repository = "http://\(host)/v2/kitchen/cache"
            let list = try JSONValue.parse(
                Array(try await requireTool("curl", ["-sf", "\(repository)/tags/list"]).utf8)
            )
            let tags = list["tags"]?.arrayValue?.compactMap(\.stringValue).filter { $0.hasPrefix("step-") } ?? []
            let manifest = "\(repository)/manifests/\(try #require(tags.first))"
            let accept = "Accept: \(MediaType.imageManifest)"
            let text = try await requireTool("curl", ["-sf", "-H", accept, manifest])
            let layer = try #require(try ImageManifest(decoding: Array(text.utf8)).layers.first).digest
            try await requireTool("curl", ["-sf", "-X", "DELETE", "\(repository)/blobs/\(layer)"])

            // Who has no key makes the step for himself.
            for store in ["reader", "other-reader"] {
                let reader = try await kitchen.ovenbird(bake, store: folder.file(store))
                #expect(try origins(reader) == ["ran", "shared"])
                #expect(reader.error.contains("lacks its blob '\(layer)' [registry-wrong-content]"), "\(reader.error)")
            }
            let signing = try await kitchen.ovenbird(bake + ["--cache-key", "ci.key"], store: folder.file("ci"))
            #expect(try origins(signing) == ["ran", "shared"])
            #expect(signing.error.contains("shared 1 step with \(host)/kitchen/cache"), "\(signing.error)")
            #expect(try await origins(kitchen.ovenbird(bake, store: folder.file("last"))) == ["shared"])
        }
    }

    @Test func `a base that has to be signed never comes from a cache`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try await makeKey("ci", in: kitchen)
            try await kitchen.run("bake", "--first")
            try await kitchen.run("push", "site", "--to", "\(host)/kitchen/base:1", "--insecure", host)
            let signed = try await kitchen.run(
                "sign",
                "site",
                "--key",
                "ci.key",
                "--insecure",
                host,
                "--format",
                "json"
            )
            let signatures = try JSONValue.parse(Array(signed.utf8))["signed"]?.arrayValue?.first?["signatures"]
            let derived = """
                bakefile: 1
                project: derived
                cache: { registry: \(host)/kitchen/cache }
                images:
                  web:
                    kind: docker
                    from: { registry: "\(host)/kitchen/base:1", verify: [ci.pub] }
                    version: sequence
                    steps:
                      - file: { path: /srv/more, content: "more\\n" }

                """
            try kitchen.work.write(derived, to: "Bakefile")
            let bake = ["bake", "--first", "--insecure", host, "--progress", "json"]
            #expect(try await origins(kitchen.ovenbird(bake, store: folder.file("a"))) == ["ran"])
            let plan = try await kitchen.ovenbird(["plan", "--online", "--insecure", host], store: folder.file("b"))
            #expect(!plan.text.contains("in the shared cache"), "\(plan.text)")
            #expect(try await origins(kitchen.ovenbird(bake, store: folder.file("b"))) == ["ran", "shared"])
            // Where the signature is gone, the cache is no way around it.
            try await requireTool(
                "skopeo",
                ["delete", "--tls-verify=false", "docker://\(signatures?.stringValue ?? "")"]
            )
            let refused = try await kitchen.ovenbird(bake, store: folder.file("c"))
            #expect(refused.status == 4)
            #expect(refused.error.contains("is not signed by 'ci.pub' [not-signed]"), "\(refused.error)")
        }
    }

    @Test func `keys that do not fit are refused before anything is baked`() async throws {
        let kitchen = try await Kitchen()
        for name in ["ci", "other"] { try await makeKey(name, in: kitchen) }
        try kitchen.work.write(bakefile("h.example", verify: "ci.pub"), to: "Bakefile")
        func expect(_ arguments: [String], _ error: String) async throws {
            let result = try await kitchen.ovenbird(arguments)
            #expect(result.status == 2)
            #expect(result.error == error)
        }
        try await expect(
            ["bake", "--first", "--cache-key", "other.key"],
            """
            error: '--cache-key' cannot be 'other.key' [option-value]
              why: it belongs to none of the keys that 'cache:' names under 'verify', so that nobody would take what it signs
              fix: name its public half there, or pass '--cache-to none'

            """
        )
        try await expect(
            ["bake", "--first", "--cache-to", "h.example/other"],
            """
            error: what is put to '--cache-to' has to be signed [option-value]
              why: 'cache:' has a 'verify', so that nobody would take it
              fix: pass '--cache-key KEY'

            """
        )
        try await expect(
            ["bake", "--first", "--cache-key", "env:NONE"],
            """
            error: the environment has no variable 'NONE', which should hold a key [bad-key]
              fix: set it to the PEM text of the key, or name a file

            """
        )
        try kitchen.work.write("no key\n", to: "ci.pub")
        for command in [["check"], ["bake", "--first"]] {
            try await expect(
                command,
                """
                Bakefile:3:8: error: 'ci.pub' has no public key in PEM form [bad-key]
                  fix: name the file that 'openssl pkey -pubout' or 'cosign generate-key-pair' wrote

                """
            )
        }
        try Files.removeFile(kitchen.work.file("ci.pub"))
        let gone = try await kitchen.ovenbird(["bake", "--first"])
        #expect(gone.status == 2)
        #expect(gone.error.hasPrefix("Bakefile:3:8: error: "), "\(gone.error)")
        #expect(gone.error.contains("'ci.pub'"), "\(gone.error)")
    }
}
