import FakeRegistry
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Push, pull and `from: { registry }` against Debian's docker-registry, with skopeo and podman as judges.
@Suite("Registries", .enabled(if: hasTool("docker-registry") && hasTool("skopeo")))
struct EndToEndRegistryTests {
    private func bakefile(_ host: String) -> String {
        Kitchen.site.replacing("    version: sequence", with: "    version: sequence\n    push: [\(host)/kitchen/site]")
            .replacing(
                "    from: scratch",
                with: "    from: scratch\n    config: { entrypoint: [/srv/www/bin/tool] }"
            )
    }

    @Test func `push, judge, push again, pull`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            try await kitchen.run("bake", "--first")
            let pushed = try await kitchen.ovenbird(["push", "--insecure", host, "--format", "json"])
            #expect(pushed.status == 0, "\(pushed.error)")
            #expect(pushed.error.contains("warning: '\(host)' is spoken to in plain HTTP"))
            let document = try JSONValue.parse(pushed.output)
            let entry = try #require(document["pushed"]?.arrayValue?.first)
            #expect(entry["reference"]?.stringValue == "\(host)/kitchen/site:1")
            #expect(entry["unchanged"]?.boolValue == false)
            let digest = try #require(entry["manifest"]?.stringValue)

            let judged = try await requireTool(
                "skopeo",
                ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(host)/kitchen/site:1"]
            )
            #expect(judged == digest + "\n")
            try await requireTool(
                "skopeo",
                [
                    "copy", "-q", "--src-tls-verify=false", "docker://\(host)/kitchen/site:1",
                    "oci:\(folder.file("judge")):x",
                ]
            )

            let again = try await kitchen.ovenbird(["push", "--insecure", host])
            #expect(again.text.contains("unchanged"))
            #expect(try JSONValue.parse(Files.read(kitchen.work.file("out/release.json")))["parent"] != nil)
            let last = String(again.text.split(separator: "\n").last ?? "")
            #expect(last == "release \(document["release"]?.stringValue ?? "")")
            #expect(try await kitchen.run("bake").hasSuffix(last + "\n"), "a bake of what is pushed leaves no release")

            let other = folder.file("other-store")
            let pulled = try await kitchen.ovenbird(
                ["pull", "--insecure", host, "\(host)/kitchen/site:1"],
                store: other
            )
            #expect(pulled.status == 0, "\(pulled.error)")
            #expect(pulled.text == "\(host)/kitchen/site@\(digest)\n")
            try await requireTool(
                "skopeo",
                ["copy", "-q", "oci:\(other):\(host)/kitchen/site:1", "oci:\(folder.file("judge2")):x"]
            )
        }
    }

    @Test func `what one repository has is mounted into another, and not sent again`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(
                bakefile(host).replacing("/kitchen/site]", with: "/kitchen/site, \(host)/kitchen/twin]"),
                to: "Bakefile"
            )
            try await kitchen.run("bake", "--first")
            let options = ["--no-attestations", "--insecure", host]
            let pushed = try await kitchen.ovenbird(["push", "--format", "json"] + options)
            #expect(pushed.status == 0, "\(pushed.error)")
            let entries = try JSONValue.parse(pushed.output)["pushed"]?.arrayValue ?? []
            #expect(
                entries.map { $0["reference"]?.stringValue } == ["\(host)/kitchen/site:1", "\(host)/kitchen/twin:1"]
            )
            // What the twin has it has from the registry itself.
            let raw = try await requireTool(
                "skopeo",
                ["inspect", "--tls-verify=false", "--raw", "docker://\(host)/kitchen/twin:1"]
            )
            let manifest = try ImageManifest(decoding: Array(raw.utf8))
            let blobs = Set(([manifest.config] + manifest.layers).map(\.digest)).count
            #expect(entries.map { $0["mounted"]?.integerValue } == [0, Int64(blobs)])
            #expect(entries.last?["uploaded"]?.integerValue == 0)
            #expect((entries.first?["uploaded"]?.integerValue ?? 0) > 0)
            try await requireTool(
                "skopeo",
                [
                    "copy", "-q", "--src-tls-verify=false", "docker://\(host)/kitchen/twin:1",
                    "oci:\(folder.file("judge")):x",
                ]
            )

            let targets = ["third", "fourth"].flatMap { ["--to", "\(host)/kitchen/\($0):1"] }
            let said = try await kitchen.ovenbird(["push", "site"] + targets + options)
            let lines = said.text.split(separator: "\n")
            #expect(lines.contains { $0.contains("/third:1 ") && $0.hasSuffix(" pushed") }, "\(said.text)")
            #expect(
                lines.contains { $0.contains("/fourth:1 ") && $0.hasSuffix(" pushed, \(blobs) mounted") },
                "\(said.text)"
            )
        }
    }

    @Test func `a repository is asked for blobs when the push has filled it, and not before`() async throws {
        let registry = try await FakeRegistry.start()
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        let targets = ["first", "second"].flatMap { ["--to", "\(registry.authority)/kitchen/\($0):1"] }
        let push = try await kitchen.ovenbird(
            ["push", "site", "--no-attestations", "--insecure", registry.authority] + targets
        )
        #expect(push.status == 0, "\(push.error)")
        let lines = registry.lines
        let filled = try #require(lines.firstIndex { $0.hasPrefix("PUT /v2/kitchen/first/manifests/sha256:") })
        #expect(!lines[..<filled].contains { $0.contains("/kitchen/second/") })
        #expect(lines[filled...].contains { $0.hasPrefix("HEAD /v2/kitchen/first/blobs/") })
        #expect(registry.requests.contains { $0.query["from"] == "kitchen/first" })
        #expect(!registry.requests.contains { $0.query["from"] == "kitchen/second" })
    }

    @Test func `a base of a registry is resolved once, locked, and refreshed`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            try await kitchen.run("bake", "--first")
            try await kitchen.run("push", "site", "--to", "\(host)/kitchen/base:moving", "--insecure", host)
            let derived = """
                bakefile: 1
                project: derived
                images:
                  web:
                    kind: docker
                    from: { registry: "\(host)/kitchen/base:moving" }
                    version: sequence
                    steps:
                      - file: { path: /srv/more, content: "more\\n" }
                """
            try kitchen.work.write(derived, to: "derived/Bakefile")
            let place = kitchen.work.file("derived")
            let bake = ["bake", "--first", "--insecure", host, "--format", "json"]
            let first = try await kitchen.ovenbird(bake, in: place, store: folder.file("s"))
            #expect(first.status == 0, "\(first.error)")
            let base = try JSONValue.parse(first.output)["images"]?["web"]?["base"]
            #expect(base?["from"]?.stringValue == "registry \(host)/kitchen/base:moving")

            let same = try await kitchen.ovenbird(bake.filter { $0 != "--first" }, in: place, store: folder.file("s"))
            #expect(same.text == first.text, "a bake that finds nothing to do leaves the release that there is")

            let plan = try await kitchen.ovenbird(["plan"], in: place, store: folder.file("s"))
            #expect(plan.text.contains("unpinned, resolved on "), "\(plan.text)")
            let lock = try await kitchen.ovenbird(["lock", "--insecure", host], in: place, store: folder.file("s"))
            #expect(lock.status == 0, "\(lock.error)")
            let locked = try String(decoding: Files.read(place.appending("Bakefile.lock")), as: UTF8.self)
            #expect(locked.contains("image: sha256:"))
            #expect(locked.contains(base?["digest"]?.stringValue ?? "?"))

            // Another store, the tag moved: what is locked is what is baked.
            try kitchen.work.write("<p>Other\n", to: "site/index.html")
            try await kitchen.run("bake")
            try await kitchen.run("push", "site", "--to", "\(host)/kitchen/base:moving", "--insecure", host)
            let second = try await kitchen.ovenbird(bake, in: place, store: folder.file("t"))
            #expect(second.status == 0, "\(second.error)")
            let identity = { (output: [UInt8]) in
                try JSONValue.parse(output)["images"]?["web"]?["identity"]?.stringValue
            }
            #expect(try identity(second.output) == identity(first.output))

            let renewed = try await kitchen.ovenbird(
                ["lock", "--update", "web", "--insecure", host],
                in: place,
                store: folder.file("t")
            )
            #expect(renewed.status == 0, "\(renewed.error)")
            let third = try await kitchen.ovenbird(bake.filter { $0 != "--first" }, in: place, store: folder.file("t"))
            #expect(try identity(third.output) != identity(first.output))
        }
    }

    @Test func `TLS with an authority of one's own`() async throws {
        let folder = try TemporaryFolder()
        try await requireTool(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-keyout", folder.file("key.pem").string, "-out", folder.file("ca.pem").string,
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            ]
        )
        try await DebianRegistry.run(in: folder, certificate: (folder.file("ca.pem"), folder.file("key.pem"))) { host in
            let kitchen = try await Kitchen()
            try kitchen.work.write(bakefile(host), to: "Bakefile")
            try await kitchen.run("bake", "--first")
            let refused = try await kitchen.ovenbird(["push"])
            #expect(refused.status == 1)
            #expect(
                refused.error.contains(
                    "error: cannot push '\(host)/kitchen/site:1': HEAD https://\(host)/v2/kitchen/site/manifests/sha256:"
                )
            )
            #expect(
                refused.error.contains(
                    "TLS was not agreed upon: its certificate is not signed by a known authority [registry-insecure]"
                ),
                "\(refused.error)"
            )
            #expect(
                refused.error.contains(
                    "  fix: put the authority's certificate into '/etc/docker/certs.d/\(host)/ca.crt'"
                )
            )
            let trusted = try await kitchen.ovenbird(
                ["push"],
                environment: ["SSL_CERT_FILE": folder.file("ca.pem").string]
            )
            #expect(trusted.status == 0, "\(trusted.error)")
        }
    }

    /// By the option, else by the destination, else by the image.
    @Test func `layers are compressed as each destination wants them`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await Kitchen()
            let bakefile = Kitchen.site.replacing(
                "    version: sequence",
                with: """
                        version: sequence
                        compression: none
                        push: [\(host)/kitchen/a, { to: \(host)/kitchen/b, compression: zstd-3 }, { to: \(host)/kitchen/c }]
                    """
            )
            try kitchen.work.write(bakefile, to: "Bakefile")
            try await kitchen.run("bake", "--first")
            func expectForms(_ forms: [String: String?]) async throws {
                for (name, form) in forms {
                    let raw = try await requireTool(
                        "skopeo",
                        ["inspect", "--tls-verify=false", "--raw", "docker://\(host)/kitchen/\(name):1"]
                    )
                    let layers = try ImageManifest(decoding: Array(raw.utf8)).layers
                    #expect(!layers.isEmpty)
                    #expect(layers.allSatisfy { $0.annotations["ovenbird.compression"] == form }, "\(name): \(raw)")
                }
            }
            try await kitchen.run("push", "--insecure", host)
            try await expectForms(["a": nil, "b": "zstd-3", "c": nil])
            // The version is that of the identity, which no compression changes.
            try await kitchen.run("push", "--insecure", host, "--compression", "gzip-6")
            try await expectForms(["a": "gzip-6", "b": "gzip-6", "c": "gzip-6"])
            try await kitchen.run("push", "site", "--to", "\(host)/kitchen/b:next", "--insecure", host)
            try await kitchen.run("push", "site", "--to", "\(host)/kitchen/b:1", "--insecure", host)
            try await expectForms(["b": "zstd-3"])
        }
    }

    @Test func `what is wrong before anything is sent`() async throws {
        let kitchen = try await Kitchen()
        let early = try await kitchen.ovenbird(["push"])
        #expect(
            early.error == "error: there is no release of 'kitchen' to push [release-not-found]\n"
                + "  fix: run 'ovenbird bake', or name one with '--release'\n"
        )
        #expect(early.status == 2)
        try await kitchen.run("bake", "--first")
        let nowhere = try await kitchen.ovenbird(["push"])
        #expect(
            nowhere.error == "error: no image of the release has a destination [no-destination]\n"
                + "  fix: give one a 'push:' in the Bakefile, or pass '--to REFERENCE'\n"
        )
        let hostless = try await kitchen.ovenbird(["push", "site", "--to", "shop/web"])
        #expect(hostless.status == 1)
        #expect(
            hostless.error == "error: cannot push 'shop/web:1': 'shop/web:1' names no registry [registry-not-found]\n"
                + "  fix: write the registry's host before it: 'docker.io/shop/web:1' is Docker Hub's\n"
        )
        let gone = try await kitchen.ovenbird(["pull", "127.0.0.1:1/shop/web:1"])
        #expect(gone.error.contains("nobody listens there [registry-unreachable]"), "\(gone.error)")
    }
}
