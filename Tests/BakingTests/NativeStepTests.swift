import Bakefiles
import Baking
import Glibc
import Layers
import Store
import SystemIO
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

    @Test func `a file that is named by a symlink keeps the link's name`() async throws {
        let harness = try BakeHarness()
        let link = harness.work.appending("current.jar")
        func point(to name: String) throws {
            try harness.temporary.write("app", to: "work/\(name)")
            try Files.removeFile(link)
            #expect(link.withPlatformString { Glibc.symlink(name, $0) } == 0)
        }
        let image = BakeHarness.image("web", [copy(["current.jar"], to: "/srv/")])
        try point(to: "app-1.2.jar")
        #expect(try await harness.tree([image]).last == "regular 0644 0:0 srv/current.jar")
        // Another target with the same bytes is the same step, and gives the same name.
        try point(to: "app-1.3.jar")
        #expect(try await harness.bake([image]).ended == ["web:copy-1 cached"])
    }

    @Test func `what lies below a deleted folder goes with it`() async throws {
        let harness = try BakeHarness()
        let files: [Step.Action] = ["/var/lib/apt/lists/a", "/var/lib/apt/lists/b", "/var/lib/x"].map {
            .file(FileStep(path: $0, content: ""))
        }
        for patterns in [["/var/lib/apt", "/var/lib/apt/lists/*"], ["/var/lib/apt/lists/*", "/var/lib/apt"]] {
            let image = BakeHarness.image("web", files + [.delete(DeleteStep(patterns: patterns))])
            #expect(
                try await harness.tree([image]) == [
                    "directory 0755 0:0 var", "directory 0755 0:0 var/lib", "regular 0644 0:0 var/lib/x",
                ]
            )
        }
    }

    private func accounts(_ users: [UserStep]) async throws -> (passwd: String, group: String, tree: [String]) {
        let harness = try BakeHarness()
        let image = BakeHarness.image("web", [.file(passwd), .file(group)] + users.map { .user($0) })
        let (result, ended) = try await harness.bake([image])
        guard let baked = result.images.first else { return (ended.last ?? "", "", []) }
        let root = try LayerCatalog(store: harness.store).root(of: baked.layers)
        func text(_ path: String) throws -> String {
            String(decoding: try root.contents(of: path, limit: 10_000) ?? [], as: UTF8.self)
        }
        let tree = root.tree.entries().map { "\($0.path) \($0.owner):\($0.group)" }
        return (try text("/etc/passwd"), try text("/etc/group"), tree)
    }

    @Test func `an account joins no group that has its number by chance`() async throws {
        // 4 is adm's number in this image, and nobody's as an account.
        let (passwd, group, _) = try await accounts([UserStep(name: "app", uid: 4)])
        #expect(passwd.hasSuffix("\napp:x:4:1000::/home/app:/bin/sh\n"))
        #expect(group.hasSuffix("\napp:x:1000:\n"))
        // Where the number is stated, it is meant.
        let stated = try await accounts([UserStep(name: "app", uid: 7, gid: 4)])
        #expect(stated.passwd.contains("\napp:x:7:4:"))
        #expect(!stated.group.contains("app"))
    }

    @Test func `an account takes the group of its name, unless another number is stated`() async throws {
        let named = try await accounts([UserStep(name: "adm", uid: 7)])
        #expect(named.passwd.contains("\nadm:x:7:4:"))
        #expect(
            try await accounts([UserStep(name: "adm", gid: 9)]).passwd == """
                web:user-1 the image has a group 'adm' already, with the number 4
                  fix: write 'gid: 4', or leave 'gid' out
                """
        )
    }

    @Test func `a system account has a home where one is asked for`() async throws {
        let without = try await accounts([UserStep(name: "one", isSystem: true)])
        #expect(without.passwd.hasSuffix("\none:x:100:100::/nonexistent:/usr/sbin/nologin\n"))
        #expect(!without.tree.contains { $0.contains("home") || $0.contains("nonexistent") })
        let with = try await accounts([UserStep(name: "two", isSystem: true, createsHome: true)])
        #expect(with.passwd.hasSuffix("\ntwo:x:100:100::/home/two:/usr/sbin/nologin\n"))
        #expect(with.tree.contains("home/two 100:100"))
    }

    /// An archive can name as a link's target another link; which of them the layer holds as a file is another matter.
    @Test func `a chain of hard links keeps its content`() async throws {
        let harness = try BakeHarness()
        let make = """
            import io, tarfile
            with tarfile.open("x.tar", "w") as tar:
                entry = tarfile.TarInfo("z"); entry.size = 4; tar.addfile(entry, io.BytesIO(b"data"))
                for name, target in [("m", "z"), ("a", "m"), ("z", "a"), ("q", "z")]:
                    link = tarfile.TarInfo(name); link.type = tarfile.LNKTYPE; link.linkname = target
                    tar.addfile(link)
            """
        try await requireTool("python3", ["-c", make], in: harness.work)
        let unpack = UnpackStep(archive: InputPath(path: "x.tar"), destination: "/")
        let (result, ended) = try await harness.bake([BakeHarness.image("web", [.unpack(unpack)])])
        #expect(ended == ["web:unpack-1 ran"])
        let baked = try #require(result.images.first)
        let root = try LayerCatalog(store: harness.store).root(of: baked.layers)
        for name in ["/a", "/m", "/q", "/z"] {
            #expect(try root.contents(of: name, limit: 100) == Array("data".utf8), "\(name)")
        }
        let listing = try LayerCatalog(store: harness.store).listing(of: try #require(baked.layers.first))
        #expect(listing.items.map(\.entry.kind) == [.regular, .hardLink, .hardLink, .hardLink])
        #expect(Set(listing.items.compactMap(\.entry.hardLinkTarget)) == ["a"])
    }

    @Test func `a damaged layer is not read into another image`() async throws {
        let harness = try BakeHarness()
        let made = try await harness.bake([BakeHarness.image("a", [.file(FileStep(path: "/f", content: "hello"))])])
        let layer = try #require(made.result.images.first?.layers.last)
        let path = harness.store.blobPath(layer)
        var bytes = try Files.read(path)
        let place = try #require(bytes.firstRange(of: Array("hello".utf8)))
        bytes[place.lowerBound] ^= 1
        try AtomicFile.write(bytes, to: path)
        let catalog = LayerCatalog(store: harness.store)
        let error = #expect(throws: StoreError.self) { try catalog.root(of: [layer]) }
        #expect(
            error?.description
                == "the blob '\(layer)' is damaged: its content has the digest '\(Digester.digest(of: bytes))'"
        )
        #expect(throws: StoreError.self) { try catalog.root(of: [layer]) }
    }
}
