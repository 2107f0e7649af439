import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What a machine image takes along; that a machine's Docker runs it is seen by `scripts/check-machine`.
@Suite("Preloading container images") struct PreloadTests {
    private static func bakefile(preload: String = "preload: web", machine: String = "") -> String {
        """
        bakefile: 1
        project: kitchen
        images:
          machine:
            kind: ami
            from: scratch
            version: sequence
            steps:
              - file: { path: /usr/bin/docker, content: "docker", mode: "0755" }
              - file: { path: /usr/bin/tar, content: "tar", mode: "0755" }
              - \(preload)
          web:
            kind: docker
            from: scratch
            version: { semver: { start: 1.0.0 } }
            steps:
              - copy: { from: page, to: /page }
            config: { entrypoint: [/page] }
            push: [registry.example.com/kitchen/web]
        """
    }

    private func kitchen(_ bakefile: String = PreloadTests.bakefile()) async throws -> Kitchen {
        let kitchen = try await Kitchen(bakefile)
        try kitchen.work.write("one\n", to: "page")
        return kitchen
    }

    /// The machine's tree in a folder.
    private func root(of kitchen: Kitchen, in folder: TemporaryFolder) async throws -> FilePath {
        try await kitchen.run("export", "machine", "--format", "rootfs-tar", "--to", folder.file("root.tar").string)
        let root = try folder.makeFolder("root")
        try await requireTool("tar", ["-xf", folder.file("root.tar").string, "-C", root.string])
        return root
    }

    @Test(.enabled(if: hasTool("skopeo"), "needs skopeo"))
    func `puts the image into the machine, under its names and as tools read it`() async throws {
        let kitchen = try await kitchen()
        let folder = try TemporaryFolder()
        _ = try await kitchen.bake("--first")
        let root = try await root(of: kitchen, in: folder)
        let image = root.appending("usr/lib/ovenbird/preload/web")
        #expect(
            try Files.read(image.appending("names"))
                == Array("registry.example.com/kitchen/web:1.0.0\nkitchen/web:1.0.0\n".utf8)
        )
        #expect(try FileStatus.ofExisting(image)?.mode == 0o700)
        let archive = folder.file("web.tar").string
        try await requireTool(
            "sh",
            ["-c", "cd \"$1\" && tar --create --file \"$2\" -- *", "-", "\(image)/archive", archive]
        )
        let config = try await requireTool("skopeo", ["inspect", "--config", "--raw", "docker-archive:\(archive)"])
        #expect(Digester.digest(of: config).description == (try kitchen.identity(of: "web").identity))
        let unit = root.appending("etc/systemd/system/multi-user.target.wants/ovenbird-preload.service")
        #expect(try FileStatus.ofExisting(unit)?.kind == .symlink)
        try await requireTool("dash", ["-n", root.appending("usr/lib/ovenbird/load-preloaded-images").string])
    }

    @Test(.enabled(if: hasTool("shellcheck"), "needs shellcheck"))
    func `leaves a program that gives Docker what it has not`() async throws {
        let kitchen = try await kitchen()
        let folder = try TemporaryFolder()
        _ = try await kitchen.bake("--first")
        let root = try await root(of: kitchen, in: folder)
        let program = root.appending("usr/lib/ovenbird/load-preloaded-images")
        try await requireTool("shellcheck", ["--shell", "sh", program.string])
        // A Docker that has nothing before it was given something, and the paths of this tree.
        try folder.write(
            """
            #!/bin/sh
            case $1 in
                load) tar -t >>loaded ;;
                tag) echo "$3" >>tagged ;;
                *) if [ -f loaded ] && [ "$5" != kitchen/web:1.0.0 ]; then tail -n 1 "$IDS"; fi ;;
            esac
            """,
            to: "bin/docker",
            mode: 0o755
        )
        let ids = root.appending("usr/lib/ovenbird/preload/web/ids").string
        let run = "sed \"s,/usr/lib/,$1&,\" \"$2\" >program && PATH=\"$PWD/bin:$PATH\" sh ./program"
        for _ in 1...2 {
            try await requireTool(
                "sh",
                ["-ec", run, "-", root.string, program.string],
                in: folder.path,
                environment: ["IDS": ids]
            )
        }
        let loaded = String(decoding: try Files.read(folder.file("loaded")), as: UTF8.self)
        #expect(loaded.split(separator: "\n").filter { $0 == "manifest.json" }.count == 2)
        let tagged = String(decoding: try Files.read(folder.file("tagged")), as: UTF8.self)
        #expect(tagged == "kitchen/web:1.0.0\nkitchen/web:1.0.0\n")
    }

    @Test func `runs again when the image is another one, and only then`() async throws {
        let kitchen = try await kitchen()
        let first = try await kitchen.bake("--first")
        #expect(first["machine:preload-1"] == "ran")
        #expect(try await kitchen.plan()["machine:preload-1"]?.state == "cached")
        let second = try await kitchen.bake()
        #expect(second["machine:preload-1"] == "cached")
        try kitchen.work.write("two\n", to: "page")
        let changed = try await kitchen.plan()
        #expect(changed["machine:preload-1"]?.state == "depends")
        #expect(changed["machine:file-1"]?.state == "cached")
        let third = try await kitchen.bake()
        #expect(third["machine:preload-1"] == "ran")
        #expect(try kitchen.identity(of: "web").version == "1.0.1")
        #expect(try await kitchen.plan()["machine:preload-1"]?.state == "cached")
    }

    @Test func `sees a changed config though the layers are the same`() async throws {
        let kitchen = try await kitchen()
        _ = try await kitchen.bake("--first")
        try kitchen.work.write(Self.bakefile().replacing("[/page]", with: "[/other]"), to: "Bakefile")
        #expect(try await kitchen.plan()["machine:preload-1"]?.state == "depends")
        #expect(try await kitchen.bake()["machine:preload-1"] == "ran")
    }

    @Test func `is the same in a bake from nothing, whatever the version is by then`() async throws {
        let kitchen = try await kitchen()
        _ = try await kitchen.bake("--first")
        try kitchen.work.write("two\n", to: "page")
        let result = try await kitchen.ovenbird(["bake", "--verify", "--progress", "plain"])
        #expect(result.status == 0, "\(result.error)")
        #expect(try kitchen.identity(of: "web").version == "1.0.1")
    }

    @Test func `is refused where the version is another image's`() async throws {
        let text = Self.bakefile()
            .replacing("{ semver: { start: 1.0.0 } }", with: "git")
            .replacing("project: kitchen\n", with: "project: kitchen\nvariables: { start: { default: /page } }\n")
            .replacing("[/page]", with: "[\"${start}\"]")
        let kitchen = try await kitchen(text)
        try kitchen.work.write("out\n", to: ".gitignore")
        let git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
        for command in [["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]] {
            try await requireTool("env", git + command, in: kitchen.work.path)
        }
        try await kitchen.run("bake", "--first")
        let result = try await kitchen.ovenbird(["bake", "--set", "start=/other"])
        #expect(result.status == 7)
        #expect(result.error.contains("' of image 'web' belongs to another identity [version-taken]"))
    }

    @Test func `gives the names that the step says`() async throws {
        let kitchen = try await kitchen(Self.bakefile(preload: "preload: { image: web, as: [web:blue] }"))
        let folder = try TemporaryFolder()
        _ = try await kitchen.bake("--first")
        let names = try await root(of: kitchen, in: folder).appending("usr/lib/ovenbird/preload/web/names")
        #expect(try Files.read(names) == Array("web:blue\n".utf8))
    }

    @Test func `stands in the release, as what the machine is made of`() async throws {
        let kitchen = try await kitchen()
        _ = try await kitchen.bake("--first")
        let used = try kitchen.release()["images"]?["machine"]?["images"]?.arrayValue?.first
        #expect(used?["image"]?.stringValue == "web")
        #expect(used?["identity"]?.stringValue == (try kitchen.identity(of: "web").identity))
    }

    @Test func `needs a Docker that can load it`() async throws {
        let bakefile = Self.bakefile().replacing("/usr/bin/docker", with: "/usr/bin/podman")
        let result = try await kitchen(bakefile).ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(
            result.error.contains(
                "the image has no '/usr/bin/docker', which is to load 'web' when the machine starts"
            )
        )
        #expect(result.error.contains("fix: install its package in an earlier step: 'docker.io'"))
    }

    @Test func `refuses what is no folder where the image is to lie`() async throws {
        let file = "file: { path: /usr/lib/ovenbird/preload/web, content: x }\n      - preload: web"
        let result = try await kitchen(Self.bakefile(preload: file)).ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(result.error.contains("the image has '/usr/lib/ovenbird/preload/web' already"))
    }

    @Test func `takes an image once, with all of its names`() async throws {
        let twice = "preload: { image: web, as: [a:b] }\n      - preload: { image: web, as: [a:c] }"
        let result = try await kitchen(Self.bakefile(preload: twice)).ovenbird(["bake", "--first"])
        #expect(result.status == 4)
        #expect(result.error.contains("fix: preload an image once, with all of its names under 'as'"))
    }

    @Test func `is planned by the image of the last bake, not by that of one that failed elsewhere`() async throws {
        let kitchen = try await kitchen()
        _ = try await kitchen.bake("--first")
        let changed = Self.bakefile().replacing("[/page]", with: "[/other]")
        let failing = changed.replacing("- preload: web", with: "- delete: /nothing\n      - preload: web")
        try kitchen.work.write(failing, to: "Bakefile")
        #expect(try await kitchen.ovenbird(["bake"]).status == 4)
        try kitchen.work.write(changed, to: "Bakefile")
        #expect(try await kitchen.plan()["machine:preload-1"]?.state == "depends")
        #expect(try await kitchen.bake()["machine:preload-1"] == "ran")
    }

    @Test func `of one of several platforms says what Docker calls it`() async throws {
        let text = """
            bakefile: 1
            project: kitchen
            images:
              machine: { kind: ami, from: scratch, platforms: [linux/amd64], steps: [{ preload: web }] }
              web: { kind: docker, from: scratch, platforms: [linux/amd64, linux/arm64] }
            """
        let result = try await Kitchen(text).ovenbird(["check"])
        #expect(result.status == 2)
        #expect(result.error.contains("'machine' preloads 'web@amd64', which has no version of its own [missing-key]"))
        #expect(result.error.contains("fix: write what Docker is to call it under 'as'"))
    }

    @Test func `is for machines, and takes containers`() async throws {
        let other = """
            bakefile: 1
            project: kitchen
            images:
              machine:
                kind: ami
                from: scratch
                steps:
                  - preload: other
              other:
                kind: ami
                from: scratch
              box:
                kind: docker
                from: scratch
                steps:
                  - preload: box2
              box2: { kind: docker, from: scratch }
            """
        let result = try await Kitchen(other).ovenbird(["check"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                Bakefile:8:9: error: 'machine' preloads 'other', which is a machine image [wrong-kind]
                  why: Docker runs containers
                Bakefile:16:9: error: 'preload' has no meaning for a container image [wrong-kind]
                  fix: remove the step, or write 'kind: ami'
                2 errors

                """
        )
    }
}
