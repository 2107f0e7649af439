import Bakefiles
import Baking
import Layers
import SystemPackage
import Testing
import TestSupport

/// Steps that write their layer themselves, without mount, root or runtime.
@Suite struct NativeStepTests {
    private let passwd = FileStep(
        path: "/etc/passwd",
        content: "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n"
    )
    private let group = FileStep(path: "/etc/group", content: "root:x:0:\nwww-data:x:33:\nadm:x:4:syslog\n")

    private func copy(_ paths: [String], to: String, owner: Ownership? = nil, mode: UInt32? = nil) -> Step.Action {
        .copy(
            CopyStep(source: .files(paths.map { InputPath(path: $0) }), destination: to, owner: owner, mode: mode)
        )
    }

    @Test func `copies a tree with owners by name, and makes missing folders root's`() async throws {
        let harness = try BakeHarness()
        try harness.temporary.write("<h1>", to: "work/site/index.html")
        try harness.temporary.write("x", to: "work/site/bin/run", mode: 0o755)
        let image = BakeHarness.image(
            "web",
            [.file(passwd), .file(group), copy(["site"], to: "/srv/www", owner: Ownership(user: "www-data"))]
        )
        #expect(
            try await harness.tree([image]) == [
                "directory 0755 0:0 etc",
                "regular 0644 0:0 etc/group",
                "regular 0644 0:0 etc/passwd",
                "directory 0755 0:0 srv",
                "directory 0755 33:33 srv/www",
                "directory 0755 33:33 srv/www/bin",
                "regular 0755 33:33 srv/www/bin/run",
                "regular 0644 33:33 srv/www/index.html",
            ]
        )
    }

    @Test func `goes through the image's own symlinked folders`() async throws {
        let harness = try BakeHarness()
        try harness.temporary.write("unit", to: "work/a.service")
        let image = BakeHarness.image(
            "web",
            [
                .directory(DirectoryStep(path: "/usr/lib")), .symlink(SymlinkStep(path: "/lib", target: "usr/lib")),
                copy(["a.service"], to: "/lib/systemd/system/"),
            ]
        )
        let tree = try await harness.tree([image])
        #expect(tree.contains("symlink 0777 0:0 lib -> usr/lib"))
        #expect(tree.contains("regular 0644 0:0 usr/lib/systemd/system/a.service"))
    }

    @Test func `an absolute symlink of the image is resolved inside its root`() async throws {
        let harness = try BakeHarness()
        let image = BakeHarness.image(
            "web",
            [
                .symlink(SymlinkStep(path: "/data", target: "/../../etc")),
                .file(FileStep(path: "/data/cron.d/x", content: "bad")),
            ]
        )
        #expect(try await harness.tree([image]).last == "regular 0644 0:0 etc/cron.d/x")
    }

    @Test func `a file does not replace a folder`() async throws {
        let harness = try BakeHarness()
        try harness.temporary.write("x", to: "work/x")
        let image = BakeHarness.image("web", [.directory(DirectoryStep(path: "/opt")), copy(["x"], to: "/opt")])
        #expect(
            try await harness.tree([image]).last
                == """
                web:copy-1 '/opt' is a folder in the image, and a file would replace it
                  fix: end 'to' in '/' to copy into the folder, or delete it first
                """
        )
    }

    @Test func `deletes by pattern, and says what it did not find`() async throws {
        let harness = try BakeHarness()
        let files: [Step.Action] = ["/a/one.txt", "/a/two.txt", "/a/keep.md"].map {
            .file(FileStep(path: $0, content: ""))
        }
        let delete = Step.Action.delete(DeleteStep(patterns: ["/a/*.txt"]))
        #expect(
            try await harness.tree([BakeHarness.image("web", files + [delete])])
                == ["directory 0755 0:0 a", "regular 0644 0:0 a/keep.md"]
        )
        let missing = Step.Action.delete(DeleteStep(patterns: ["/b"]))
        #expect(
            try await harness.tree([BakeHarness.image("web", files + [missing])]).last
                == "web:delete-1 the image has no '/b'\n  fix: write 'missing: ignore' if that is fine"
        )
    }

    @Test func `adds a user with the next free number to the image's own files`() async throws {
        let harness = try BakeHarness()
        let skeleton = FileStep(path: "/etc/skel/.profile", content: "umask 022\n")
        let user = Step.Action.user(UserStep(name: "app", groups: ["adm"]))
        let image = BakeHarness.image("web", [.file(passwd), .file(group), .file(skeleton), user])
        let (result, _) = try await harness.bake([image])
        let root = try LayerCatalog(store: harness.store).root(of: result.images[0].layers)
        func text(_ path: String) throws -> String {
            String(decoding: try root.contents(of: path, limit: 10_000) ?? [], as: UTF8.self)
        }
        #expect(try text("/etc/passwd").hasSuffix("\napp:x:1000:1000::/home/app:/bin/sh\n"))
        #expect(try text("/etc/group") == "root:x:0:\nwww-data:x:33:\nadm:x:4:syslog,app\napp:x:1000:\n")
        #expect(try text("/etc/shadow") == "app:!:0:0:99999:7:::\n")
        #expect(root.tree.entry(at: "home/app/.profile")?.owner == 1000)
    }

    @Test func `unpacks an archive with its hard links, sorted`() async throws {
        let harness = try BakeHarness()
        let source = try harness.temporary.makeFolder("source")
        try harness.temporary.write("data", to: "source/top/z")
        try await requireTool("ln", ["z", "a"], in: source.appending("top"))
        try await requireTool(
            "tar",
            ["-czf", harness.work.appending("x.tar.gz").string, "--owner=7", "--group=8", "top/z", "top/a"],
            in: source
        )
        let unpack = UnpackStep(archive: InputPath(path: "x.tar.gz"), destination: "/opt/x", stripComponents: 1)
        let image = BakeHarness.image("web", [.unpack(unpack)])
        #expect(
            try await harness.tree([image]) == [
                "directory 0755 0:0 opt", "directory 0755 0:0 opt/x", "regular 0644 7:8 opt/x/a",
                "regular 0644 7:8 opt/x/z",
            ]
        )
    }

    @Test func `copies from another image of the Bakefile`() async throws {
        let harness = try BakeHarness()
        let tools = BakeHarness.image(
            "tools",
            [
                .file(FileStep(path: "/opt/tool/bin/run", content: "#!/bin/sh\n", mode: 0o755)),
                .symlink(SymlinkStep(path: "/opt/tool/current", target: "bin")),
            ]
        )
        let app = BakeHarness.image(
            "app",
            [.copy(CopyStep(source: .image(name: "tools", path: "/opt/tool"), destination: "/usr/local"))]
        )
        #expect(
            try await harness.tree([tools, app]) == [
                "directory 0755 0:0 usr", "directory 0755 0:0 usr/local", "directory 0755 0:0 usr/local/bin",
                "regular 0755 0:0 usr/local/bin/run", "symlink 0777 0:0 usr/local/current -> bin",
            ]
        )
    }

    @Test func `an unknown owner is named`() async throws {
        let harness = try BakeHarness()
        let image = BakeHarness.image(
            "web",
            [.file(FileStep(path: "/x", content: "", owner: Ownership(user: "nobody-here")))]
        )
        #expect(
            try await harness.tree([image]).last
                == """
                web:file-1 the image has no user 'nobody-here'
                  fix: add a 'user' step before this one, or give a number
                """
        )
    }
}
