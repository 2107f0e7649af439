import ContainerImages
import Diagnostics
import Glibc
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct ImageExportTests {
    private let samples: SampleImages
    private let image: StoredImage
    private let export: ImageExport

    init() throws {
        samples = try SampleImages()
        image = try StoredImage(manifest: try samples.web().manifestDigest, in: samples.store)
        export = ImageExport(.image(image), in: samples.store, project: "shop", name: "web", version: "1.0.0")
    }

    private func path(_ name: String) -> FilePath { samples.folder.file(name) }

    private func inspect(_ name: String) async throws -> JSONValue {
        try JSONValue.parse(Array(try await requireTool("skopeo", ["inspect", "--config", name]).utf8))
    }

    @Test func `a layout as folder and as archive`() async throws {
        try export.oci(to: path("out/web"))
        try export.oci(to: path("out/web.tar"))
        for name in ["oci:\(path("out/web")):1.0.0", "oci-archive:\(path("out/web.tar")):1.0.0"] {
            #expect(try await inspect(name)["rootfs"]?["diff_ids"]?.arrayValue?.count == 2)
        }
        #expect(try FileStatus.ofExisting(path("out/web"))?.mode == 0o755)
        #expect(try Files.names(in: path("out")) == ["web", "web.tar"])
    }

    @Test func `a folder is replaced only if it is a layout, and only if told so`() throws {
        try export.oci(to: path("web"))
        try samples.folder.write("x", to: "web/extra")
        let error = #expect(throws: InvalidInput.self) { try export.oci(to: path("web")) }
        #expect(
            error?.description == """
                error: '\(path("web"))' exists already [output-exists]
                  fix: name another place, or pass '--force' to replace it
                """
        )
        try export.oci(to: path("web"), force: true)
        #expect(!Files.exists(path("web/extra")))
        try samples.folder.makeFolder("precious")
        let other = #expect(throws: InvalidInput.self) { try export.oci(to: path("precious"), force: true) }
        #expect(
            other?.description == """
                error: '\(path("precious"))' exists already [output-exists]
                  why: it is not something exported, so it is not replaced
                  fix: name another place
                """
        )
        // A store is a layout too, and more than an exported image.
        #expect(throws: InvalidInput.self) { try export.oci(to: samples.store.path, force: true) }
    }

    /// What an engine and a digest see, byte for byte but for the digests.
    @Test func `a docker archive is a layout with a manifest, always the same`() async throws {
        try export.dockerArchive(to: path("web.tar"))
        try export.dockerArchive(to: path("again.tar"))
        #expect(try Files.read(path("web.tar")) == (try Files.read(path("again.tar"))))
        let listing = try await requireTool("tar", ["--numeric-owner", "-tvf", "web.tar"], in: samples.folder.path)
        let blobs = ([image.manifestDigest, image.identity] + image.config.diffIDs).map(\.hex).sorted()
        let lines = listing.split(separator: "\n").map { line in
            line.split(separator: " ").enumerated().filter { $0.offset != 2 }.map { String($0.element) }
                .joined(separator: " ")
        }
        #expect(
            lines == ["drwxr-xr-x 0/0 1970-01-01 00:00 blobs/", "drwxr-xr-x 0/0 1970-01-01 00:00 blobs/sha256/"]
                + (blobs.map { "blobs/sha256/\($0)" } + ["index.json", "manifest.json", "oci-layout"])
                .map { "-rw-r--r-- 0/0 1970-01-01 00:00 \($0)" }
        )
        let manifest = try await requireTool("tar", ["-xOf", "web.tar", "manifest.json"], in: samples.folder.path)
        #expect(
            manifest == #"[{"Config":"blobs/sha256/\#(image.identity.hex)","Layers":["#
                + #""blobs/sha256/\#(image.config.diffIDs[0].hex)","blobs/sha256/\#(image.config.diffIDs[1].hex)"],"#
                + #""RepoTags":["shop/web:1.0.0"]}]"#
        )
        let seen = try await inspect("docker-archive:\(path("web.tar"))")
        #expect(seen["config"]?["Entrypoint"] == .strings(["/bin/true"]))
        let base = BaseImport(
            store: samples.store,
            platform: Platform(architecture: hostArchitecture),
            name: "web.tar",
            place: nil
        )
        #expect(try base.dockerArchive(path("web.tar"), tag: "shop/web:1.0.0").config == image.config)
    }

    @Test func `a root has no whiteouts and each file once`() async throws {
        try export.rootfs(to: path("root.tar"))
        for tool in ["tar", "bsdtar"] {
            let names = try await requireTool(tool, ["-tf", "root.tar"], in: samples.folder.path)
            #expect(
                names.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("srv/g") } == [
                    "./", "etc/", "etc/link", "etc/motd", "srv/", "srv/zwei",
                ],
                "\(tool)"
            )
        }
        try samples.folder.makeFolder("root")
        try await requireTool("tar", ["-C", "root", "-xf", "root.tar"], in: samples.folder.path)
        #expect(try Files.read(path("root/etc/link")) == Array("hello\n".utf8))
        #expect(try FileStatus.ofExisting(path("root/srv/zwei"))?.linkCount == 2)
    }

    @Test func `a symlink at the place is neither followed nor replaced`() async throws {
        try samples.folder.write("precious", to: "other")
        try await requireTool("ln", ["-s", "other", "web.tar"], in: samples.folder.path)
        let error = #expect(throws: InvalidInput.self) { try export.dockerArchive(to: path("web.tar"), force: true) }
        #expect(error?.description.contains("[output-exists]\n  why: it is not something exported") == true)
        #expect(try Files.read(path("other")) == Array("precious".utf8))
    }

    @Test func `a file is replaced only if it is a tar, and only if told so`() throws {
        let exports: [(FilePath, Bool) throws -> Void] = [
            { try export.oci(to: $0, force: $1) }, { try export.dockerArchive(to: $0, force: $1) },
            { try export.rootfs(to: $0, force: $1) },
        ]
        for (number, export) in exports.enumerated() {
            let target = path("\(number).tar")
            try samples.folder.write("precious", to: "\(number).tar")
            let precious = #expect(throws: InvalidInput.self) { try export(target, true) }
            #expect(
                precious?.description == """
                    error: '\(target)' exists already [output-exists]
                      why: it is not something exported, so it is not replaced
                      fix: name another place
                    """
            )
            #expect(try Files.read(target) == Array("precious".utf8))
            try Files.removeFile(target)
            try export(target, false)
            let taken = #expect(throws: InvalidInput.self) { try export(target, false) }
            #expect(
                taken?.description == """
                    error: '\(target)' exists already [output-exists]
                      fix: name another place, or pass '--force' to replace it
                    """
            )
            try export(target, true)
        }
    }

    @Test func `what is cancelled leaves nothing behind`() throws {
        let flag = CancellationFlag()
        flag.set()
        let cancelled = ImageExport(
            .image(image),
            in: samples.store,
            project: "shop",
            name: "web",
            version: "1",
            cancellation: flag
        )
        try samples.folder.makeFolder("out")
        #expect(throws: CancellationError.self) { try cancelled.oci(to: path("out/web")) }
        #expect(throws: CancellationError.self) { try cancelled.oci(to: path("out/web.tar")) }
        #expect(throws: CancellationError.self) { try cancelled.dockerArchive(to: path("out/web.tar")) }
        #expect(throws: CancellationError.self) { try cancelled.rootfs(to: path("out/web.tar")) }
        #expect(try Files.names(in: path("out")).isEmpty)
    }

    @Test func `a damaged blob leaves nothing at the place`() throws {
        let diffID = image.config.diffIDs[1]
        let blob = samples.store.blobPath(diffID)
        var bytes = try Files.read(blob)
        bytes[600] ^= 1
        try AtomicFile.write(bytes, to: blob)
        try samples.folder.makeFolder("out")
        for export in [
            { try export.oci(to: path("out/web")) }, { try export.oci(to: path("out/web.tar")) },
            { try export.dockerArchive(to: path("out/web.tar")) }, { try export.rootfs(to: path("out/web.tar")) },
        ] {
            let error = #expect(throws: StoreError.self) { try export() }
            #expect(error?.description.hasPrefix("the blob '\(diffID)' is damaged: its content has the digest") == true)
        }
        #expect(try Files.names(in: path("out")).isEmpty)
    }

    @Test func `names that no engine takes`() throws {
        let upper = ImageExport(.image(image), in: samples.store, project: "Shop", name: "web", version: "1")
        let error = #expect(throws: InvalidInput.self) { try upper.dockerArchive(to: path("x.tar")) }
        #expect(
            error?.description == """
                error: image 'web' has no name for a container engine [unusable-name]
                  why: 'Shop' would be taken for the name of a registry
                  fix: use a project name without a dot
                """
        )
        let odd = ImageExport(.image(image), in: samples.store, project: "shop", name: "web_-x", version: "1")
        let second = #expect(throws: InvalidInput.self) { try odd.dockerArchive(to: path("x.tar")) }
        #expect(second?.description.contains("its component 'web_-x' has '_-' between letters or digits") == true)
    }
}

@Suite struct EngineLoadTests {
    private let samples: SampleImages
    private let image: StoredImage

    init() throws {
        samples = try SampleImages()
        image = try StoredImage(manifest: try samples.web().manifestDigest, in: samples.store)
    }

    /// A program that stands for an engine.
    private func engine(_ script: String) throws -> String {
        try samples.folder.write("#!/bin/sh\n\(script)\n", to: "engine", mode: 0o755).string
    }

    private func load(_ engine: String) async throws {
        try await EngineLoad(engine: engine).load(image, from: samples.store, names: ["shop/web:1.0.0"])
    }

    @Test func `the engine gets the docker archive and is asked what it has`() async throws {
        let folder = samples.folder.path
        try await load(
            try engine(
                "echo \"$@\" >>\(folder)/calls; [ \"$1\" = load ] && cat >\(folder)/got.tar || echo \(image.identity)"
            )
        )
        let export = ImageExport(.image(image), in: samples.store, project: "shop", name: "web", version: "1.0.0")
        try export.dockerArchive(to: samples.folder.file("want.tar"))
        let manifest = ["-xOf", "got.tar", "manifest.json"]
        #expect(
            try await requireTool("tar", manifest, in: folder)
                == (try await requireTool("tar", ["-xOf", "want.tar", "manifest.json"], in: folder))
        )
        #expect(
            String(decoding: try Files.read(samples.folder.file("calls")), as: UTF8.self)
                == "load\nimage inspect --format {{.Id}} shop/web:1.0.0\n"
        )
    }

    @Test func `podman says it without the algorithm`() async throws {
        try await load(try engine("[ \"$1\" = load ] && cat >/dev/null || echo \(image.identity.hex)"))
    }

    @Test func `an engine that is not there`() async throws {
        let error = await #expect(throws: EngineError.self) { try await load("no-such-engine") }
        #expect(
            error?.description
                == "the container engine 'no-such-engine' is not installed: choose another with '--engine docker', "
                + "'--engine podman' or a path"
        )
    }

    /// It ends without reading, so that our writing breaks; that must not be the cause that is told, nor end the process.
    @Test func `an engine that refuses`() async throws {
        let path = try engine("echo 'Cannot connect to the daemon' >&2; exit 1")
        let error = await #expect(throws: EngineError.self) { try await load(path) }
        #expect(error?.description == "'\(path)' could not load the image: Cannot connect to the daemon")
    }

    @Test func `an engine that has lost it, or has something else`() async throws {
        let path = try engine("[ \"$1\" = load ] && exec cat >/dev/null; echo 'No such image' >&2; exit 1")
        let lost = await #expect(throws: EngineError.self) { try await load(path) }
        #expect(lost?.description == "'\(path)' could not show the loaded image 'shop/web:1.0.0': No such image")
        _ = try engine("[ \"$1\" = load ] && exec cat >/dev/null; echo sha256:1")
        let other = await #expect(throws: EngineError.self) { try await load(path) }
        #expect(other?.description == "'\(path)' has 'shop/web:1.0.0' as 'sha256:1', not as '\(image.identity)'")
    }

    @Test func `a damaged blob is the cause that is told`() async throws {
        let blob = samples.store.blobPath(image.config.diffIDs[0])
        var bytes = try Files.read(blob)
        bytes[600] ^= 1
        try AtomicFile.write(bytes, to: blob)
        await #expect(throws: StoreError.self) { try await load(try engine("cat >/dev/null; exit 1")) }
    }

    @Test(.enabled(if: getuid() == 0 && hasTool("podman")))
    func `podman loads it`() async throws {
        let folder = samples.folder.path
        let path = try engine(
            "exec podman --root \(folder)/storage --runroot \(folder)/run --storage-driver vfs --cgroup-manager cgroupfs \"$@\""
        )
        try await load(path)
    }
}
