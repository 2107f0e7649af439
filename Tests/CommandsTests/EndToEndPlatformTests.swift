import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Images for several platforms, of files only, so that nothing has to be emulated.
@Suite("Platforms") struct EndToEndPlatformTests {
    private static func bakefile(_ host: String = "registry.example.com") -> String {
        """
        bakefile: 1
        project: kitchen
        images:
          base:
            kind: docker
            from: scratch
            platforms: [linux/amd64, linux/arm64]
            steps:
              - directory: { path: /srv, mode: "0755" }
          site:
            kind: docker
            from: { image: base }
            platforms: [linux/amd64, linux/arm64]
            version: sequence
            push: [\(host)/kitchen/site]
            steps:
              - copy: { from: "site/${platform.architecture}/", to: /srv/ }
        """
    }

    private func kitchen(_ host: String = "registry.example.com") async throws -> Kitchen {
        let kitchen = try await Kitchen(Self.bakefile(host))
        try kitchen.work.write("for amd64\n", to: "site/amd64/program")
        try kitchen.work.write("for arm64\n", to: "site/arm64/program")
        return kitchen
    }

    /// The member `program` of the one regular layer of a root tar.
    private func program(in tar: FilePath) async throws -> String {
        try await requireTool("tar", ["--extract", "--to-stdout", "--file", tar.string, "srv/program"])
    }

    @Test func `each platform is an image, and all are one version`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let images = try #require(try kitchen.release()["images"])
        let site = try #require(images["site"])
        #expect(site["platforms"]?["linux/arm64"]?.stringValue == "site@arm64")
        #expect(site["version"]?.stringValue == "1")
        #expect(site["references"]?.arrayValue?.first?.stringValue == "registry.example.com/kitchen/site:1")
        #expect(site["layers"]?.arrayValue?.isEmpty == true)
        #expect(images["site@arm64"]?["base"]?["digest"] == images["base@arm64"]?["identity"])
        #expect(images["site@arm64"]?["attestations"] != nil && site["attestations"] == nil)
        #expect(images["site@arm64"]?["identity"] != images["site@amd64"]?["identity"])
        let properties = try String(decoding: Files.read(kitchen.work.file("out/bake.properties")), as: UTF8.self)
        #expect(properties.contains("OVENBIRD_SITE_VERSION=1\n"))

        let again = try await kitchen.bake()
        #expect(Set(again.values) == ["cached"])
        #expect(try kitchen.identity(of: "site").version == "1")

        // What one platform has decides its image and the whole, and not the other platform's.
        try kitchen.work.write("for arm64, anew\n", to: "site/arm64/program")
        let plan = try await kitchen.run("plan")
        #expect(plan.contains("'site/arm64/program' changed"), "\(plan)")
        let changed = try await kitchen.bake()
        #expect(changed.filter { $0.value == "ran" }.keys.sorted() == ["site@arm64:copy-1"])
        #expect(try kitchen.identity(of: "site").version == "2")
        #expect(try kitchen.release()["images"]?["site@amd64"]?["identity"] == images["site@amd64"]?["identity"])
    }

    @Test func `commands show all platforms, or take one`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        let shown = try await kitchen.run("inspect", "site")
        #expect(shown.contains("linux/amd64") && shown.contains("site@arm64"), "\(shown)")
        let index = try JSONValue.parse(Array(try await kitchen.run("inspect", "site", "--format", "json").utf8))
        #expect(index["index"]?["document"]?["manifests"]?.arrayValue?.count == 2)
        #expect(try await kitchen.run("images").contains("site@amd64"))

        let refused = try await kitchen.ovenbird(["export", "site", "--format", "rootfs-tar", "--to", "site.tar"])
        #expect(refused.status == 2)
        #expect(
            refused.error == """
                error: 'site' is an image for several platforms [several-platforms]
                  fix: name one of them: 'site@amd64', 'site@arm64'

                """
        )
        let compared = try await kitchen.ovenbird(["diff", "site", "site@amd64"])
        #expect(compared.status == 2 && compared.error.contains("[several-platforms]"))
        #expect(try await kitchen.run("diff", "site@amd64", "site@arm64").contains("~ /srv/program"))
        try await kitchen.run("export", "site@arm64", "--format", "rootfs-tar", "--to", "arm.tar")
        #expect(try await program(in: kitchen.work.file("arm.tar")) == "for arm64\n")
        try await kitchen.run("export", "site@arm64", "--format", "docker-archive", "--to", "archive.tar")
        let names = try await requireTool(
            "tar",
            ["--extract", "--to-stdout", "--file", "\(kitchen.work.file("archive.tar"))", "manifest.json"]
        )
        #expect(names.contains("\"kitchen/site:"))

        try await kitchen.run("export", "site", "--to", "layout")
        if hasTool("skopeo") {
            let raw = try await requireTool("skopeo", ["inspect", "--raw", "oci:\(kitchen.work.file("layout")):1"])
            #expect(try JSONValue.parse(Array(raw.utf8))["manifests"]?.arrayValue?.count == 2)
            for (path, name) in [("\(kitchen.work.file("layout"))", "1"), ("\(kitchen.store)", "kitchen.site.1")] {
                let config = try await requireTool(
                    "skopeo",
                    ["--override-arch", "arm64", "inspect", "--config", "oci:\(path):\(name)"]
                )
                #expect(try JSONValue.parse(Array(config.utf8))["architecture"]?.stringValue == "arm64")
            }
        }
        try await kitchen.run("fsck")
        try await kitchen.run("gc", "--keep", "releases=1")
        try await kitchen.run("fsck")
        try await kitchen.run("export", "site", "--to", "layout", "--force")
        #expect(try await Set(kitchen.bake().values) == ["cached"])
    }

    @Test func `an image is baked for one platform alone`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "site@arm64", "--first")
        let images = try #require(try kitchen.release()["images"]?.objectValue)
        #expect(images.keys.sorted() == ["base@arm64", "site@arm64"])
        let only = Self.bakefile().replacing("[linux/amd64, linux/arm64]", with: "[linux/arm64]")
        try kitchen.work.write(only, to: "Bakefile")
        try await kitchen.run("bake", "--first")
        let release = try kitchen.release()["images"]
        #expect(release?["site"]?["platforms"] == nil)
        #expect(release?["site"]?["identity"] == images["site@arm64"]?["identity"])
        let refused = try await kitchen.ovenbird(["load", "site"])
        #expect(refused.status != 0)
    }

    @Test func `a base for another platform is refused`() async throws {
        let kitchen = try await kitchen()
        try await kitchen.run("bake", "--first")
        try await kitchen.run("export", "site@amd64", "--to", "layout")
        let other = """
            bakefile: 1
            project: other
            images:
              web: { kind: docker, from: { oci: layout }, platforms: [linux/arm64] }
            """
        try kitchen.work.write(other, to: "Bakefile")
        let refused = try await kitchen.ovenbird(["bake"])
        #expect(refused.status == 4)
        #expect(refused.error.contains("has no image for linux/arm64"), "\(refused.error)")
        #expect(refused.error.contains("it is for 'linux/amd64'"), "\(refused.error)")
    }

    @Test func `a step that runs programs of a platform needs them to run`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              web: { kind: docker, from: scratch, platforms: [linux/s390x], steps: [{ run: "true" }] }
            """
        )
        // QEMU for it is registered on no machine that tests run on.
        guard !Files.exists("/proc/sys/fs/binfmt_misc/qemu-s390x") else { return }
        let refused = try await kitchen.ovenbird(["bake"])
        #expect(refused.status == 4)
        #expect(refused.error.contains("programs for linux/s390x cannot run on this machine"), "\(refused.error)")
    }

    @Test(.enabled(if: hasTool("docker-registry") && hasTool("skopeo")))
    func `push an index, judge it, start from it`() async throws {
        let folder = try TemporaryFolder()
        try await DebianRegistry.run(in: folder) { host in
            let kitchen = try await kitchen(host)
            try await kitchen.run("bake", "--first")
            let pushed = try await kitchen.ovenbird(["push", "--insecure", host, "--format", "json"])
            #expect(pushed.status == 0, "\(pushed.error)")
            let entry = try #require(try JSONValue.parse(pushed.output)["pushed"]?.arrayValue?.first)
            let digest = try #require(entry["manifest"]?.stringValue)
            let place = "docker://\(host)/kitchen/site:1"
            let raw = try await requireTool("skopeo", ["inspect", "--tls-verify=false", "--raw", place])
            #expect("\(Digester.digest(of: raw))" == digest)
            let index = try ImageIndex(decoding: Array(raw.utf8))
            #expect(index.manifests.compactMap(\.platform?.description) == ["linux/amd64", "linux/arm64"])
            for architecture in ["amd64", "arm64"] {
                let copy = "oci:\(folder.file(architecture)):x"
                try await requireTool(
                    "skopeo",
                    ["--override-arch", architecture, "copy", "-q", "--src-tls-verify=false", place, copy]
                )
                let config = try await requireTool("skopeo", ["inspect", "--config", copy])
                #expect(try JSONValue.parse(Array(config.utf8))["architecture"]?.stringValue == architecture)
            }
            #expect(try kitchen.release()["images"]?["site"]?["placements"]?.arrayValue?.count == 1)
            // What is said of each platform stands beside its manifest.
            for manifest in index.manifests {
                let listed = try await kitchen.run(
                    "referrers",
                    "\(host)/kitchen/site@\(manifest.digest)",
                    "--insecure",
                    host,
                    "--format",
                    "json"
                )
                #expect(try JSONValue.parse(Array(listed.utf8))["referrers"]?.arrayValue?.count == 2, "\(listed)")
            }
            let again = try await kitchen.ovenbird(["push", "--insecure", host])
            #expect(again.text.contains("unchanged"), "\(again.text)")
            // The same images with other compression are the same version.
            let zstd = try await kitchen.ovenbird(["push", "--insecure", host, "--compression", "zstd-3"])
            #expect(zstd.status == 0, "\(zstd.error)")

            // Other content under the same version is refused.
            let stranger = try await self.kitchen(host)
            try stranger.work.write("for somebody else\n", to: "site/arm64/program")
            try await stranger.run("bake", "--first")
            let taken = try await stranger.ovenbird(["push", "--insecure", host])
            #expect(taken.status == 7 && taken.error.contains("stands for another image"), "\(taken.error)")

            let derived = """
                bakefile: 1
                project: derived
                images:
                  web:
                    kind: docker
                    from: { registry: "\(host)/kitchen/site:1" }
                    platforms: [linux/arm64, linux/amd64]
                    steps:
                      - file: { path: /srv/more, content: "more\\n" }
                """
            try kitchen.work.write(derived, to: "derived/Bakefile")
            let inside = kitchen.work.file("derived")
            try await kitchen.run("lock", "--insecure", host, in: inside)
            let lock = try String(decoding: Files.read(inside.appending("Bakefile.lock")), as: UTF8.self)
            #expect(lock.contains("architecture: amd64") && lock.contains("architecture: arm64"), "\(lock)")
            try await kitchen.run("lock", "--check", in: inside)
            try await kitchen.run("lock", "--insecure", host, in: inside)
            #expect(try String(decoding: Files.read(inside.appending("Bakefile.lock")), as: UTF8.self) == lock)
            try await kitchen.run("bake", "--insecure", host, in: inside)
            for architecture in ["amd64", "arm64"] {
                let tar = kitchen.work.file("\(architecture).tar")
                try await kitchen.run(
                    "export",
                    "web@\(architecture)",
                    "--format",
                    "rootfs-tar",
                    "--to",
                    "\(tar)",
                    in: inside
                )
                #expect(try await program(in: tar) == "for \(architecture)\n")
            }
        }
    }
}
