import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

private let isRoot = geteuid() == 0

/// Other programs as judges of what the program wrote.
@Suite("Other tools accept every image")
struct EndToEndToolsTests {
    /// An image that can run without anything else, with files of every kind.
    private func baked() async throws -> Kitchen {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            images:
              base:
                kind: ami
                from: scratch
                steps:
                  - copy: { from: busybox, to: /bin/busybox, mode: "0755" }
                disk: { size: 1GiB }
              box:
                kind: docker
                from: { image: base }
                version: sequence
                steps:
                  - directory: { path: /tmp, mode: "01777" }
                  - copy: { from: files/, to: /files/, owner: "1000:1000" }
                  - symlink: { path: /bin/sh, target: busybox }
                  - delete: { paths: [/files/gone] }
                config: { entrypoint: [/bin/busybox], cmd: [cat, /files/greeting], labels: { a: "1" } }
            """
        )
        try await requireTool("cp", ["/bin/busybox", kitchen.work.file("busybox").string])
        try kitchen.work.write("it runs\n", to: "files/greeting")
        try kitchen.work.write("", to: "files/gone")
        try kitchen.work.write("", to: "files/\(String(repeating: "long", count: 40))")
        try kitchen.work.write("", to: "files/Grüße")
        _ = try await kitchen.bake("--first")
        return kitchen
    }

    @Test(.enabled(if: hasTool("skopeo") && hasTool("umoci"), "needs skopeo and umoci"))
    func `skopeo and umoci read the store and its exports`() async throws {
        let kitchen = try await baked()
        let elsewhere = try TemporaryFolder()
        for image in ["base", "box"] {
            let version = try kitchen.identity(of: image).version
            let inStore = "oci:\(kitchen.store):kitchen.\(image).\(version)"
            let inspected = try await requireTool("skopeo", ["inspect", "--config", "--raw", inStore])
            #expect(
                Digester.digest(of: inspected).description == (try kitchen.identity(of: image).identity)
            )
            try await requireTool("skopeo", ["inspect", inStore])
            try await kitchen.run("export", image, "--format", "oci", "--to", elsewhere.file(image).string)
            try await requireTool(
                "skopeo",
                ["copy", "--quiet", inStore, "docker-archive:\(elsewhere.file("\(image).tar")):kitchen/\(image):1"]
            )
        }
        let layout = elsewhere.file("box")
        let index = try JSONValue.parse(try Files.read(layout.appending("index.json")))
        let names = index["manifests"]?.arrayValue?.compactMap {
            $0["annotations"]?["org.opencontainers.image.ref.name"]?.stringValue
        }
        let name = try #require(names?.first)
        var arguments = ["unpack", "--image", "\(layout):\(name)", elsewhere.file("bundle").string]
        if !isRoot { arguments.insert("--rootless", at: 1) }
        try await requireTool("umoci", arguments)
        let root = elsewhere.file("bundle/rootfs")
        #expect(String(decoding: try Files.read(root.appending("files/greeting")), as: UTF8.self) == "it runs\n")
        #expect(Files.exists(root.appending("files/Grüße")))
        #expect(!Files.exists(root.appending("files/gone")))
    }

    @Test(.enabled(if: hasTool("bsdtar"), "needs bsdtar"))
    func `tar and bsdtar list each layer alike`() async throws {
        let kitchen = try await baked()
        let layers = try kitchen.release()["images"]?["box"]?["layers"]?.arrayValue ?? []
        #expect(layers.count == 5)
        for layer in layers {
            let digest = try #require(layer["diffID"]?.stringValue)
            let blob = kitchen.store.appending("blobs/sha256/\(digest.dropFirst(7))").string
            let gnu = try await requireTool("tar", ["--list", "--quoting-style=literal", "--file", blob])
            let bsd = try await requireTool("bsdtar", ["-tf", blob])
            #expect(gnu == bsd)
            #expect(!gnu.isEmpty)
            #expect(try await runTool("tar", ["--list", "--verbose", "--file", blob]).error == "")
        }
    }

    @Test(.enabled(if: OCISchema.isAvailable, "needs the schemas of the OCI image specification"))
    func `every document holds to the schemas of OCI`() async throws {
        let kitchen = try await baked()
        let index = try Files.read(kitchen.store.appending("index.json"))
        #expect(try await OCISchema.index.mistakes(in: index) == "")
        #expect(try await OCISchema.layout.mistakes(in: Files.read(kitchen.store.appending("oci-layout"))) == "")
        let manifests = try JSONValue.parse(index)["manifests"]?.arrayValue ?? []
        // Each image by its name alone and with its version; a machine image's step bundles beside it.
        #expect(manifests.count >= 4)
        var configs = 0
        for descriptor in manifests {
            #expect(try await OCISchema.descriptor.mistakes(in: descriptor.canonicalBytes) == "")
            let manifest = try blob(descriptor, in: kitchen)
            #expect(try await OCISchema.manifest.mistakes(in: manifest) == "")
            let config = try #require(JSONValue.parse(manifest)["config"])
            guard config["mediaType"] == "application/vnd.oci.image.config.v1+json" else { continue }
            configs += 1
            #expect(try await OCISchema.config.mistakes(in: blob(config, in: kitchen)) == "")
        }
        #expect(configs == 4)
    }

    private func blob(_ descriptor: JSONValue, in kitchen: Kitchen) throws -> [UInt8] {
        let digest = try #require(descriptor["digest"]?.stringValue)
        return try Files.read(kitchen.store.appending("blobs/sha256/\(digest.dropFirst(7))"))
    }

    @Test(.enabled(if: isRoot && hasTool("dockerd"), "needs root and dockerd, to start an engine"))
    func `a Docker engine loads and runs it, by the program and by hand`() async throws {
        let kitchen = try await baked()
        let archive = kitchen.work.file("box.tar").string
        try await kitchen.run("export", "box", "--format", "docker-archive", "--to", archive)
        let compressed = kitchen.work.file("compressed.tar").string
        let form = ["--format", "docker-archive", "--compression", "gzip-6"]
        #expect(try await kitchen.ovenbird(["export", "box", "--to", compressed] + form).status == 0)
        let scripts = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            .appending("scripts")
        let script = """
            set -euo pipefail
            source "$1/common.sh"
            source "$1/engine.sh"
            unset DOCKER_HOST
            export DOCKER_HOST=unix:///nonexistent
            trap stop_engine EXIT
            start_engine
            docker load --quiet --input "$3"
            test "$(docker run --rm --network none kitchen/box:1)" = "it runs"
            docker rmi --force kitchen/box:1
            docker load --quiet --input "$6"
            test "$(docker run --rm --network none kitchen/box:1)" = "it runs"
            docker rmi --force kitchen/box:1
            cd "$4"
            name=$("$2" load box --store "$5")
            test "$name" = kitchen/box:1
            test "$(docker run --rm --network none "$name")" = "it runs"
            docker image inspect --format '{{.Id}}' "$name"
            """
        let result = try await runTool(
            "bash",
            [
                "-c", script, "bash", scripts.string, kitchen.program.string, archive, kitchen.work.path.string,
                kitchen.store.string, compressed,
            ]
        )
        #expect(result.status == 0, "\(result.text)\(result.error)")
        // Docker's image id is the digest of the config.
        #expect(try result.text.split(separator: "\n").last.map(String.init) == kitchen.identity(of: "box").identity)
    }

    @Test(.enabled(if: isRoot && hasTool("podman") && hasTool("runc"), "needs root and podman"))
    func `podman loads and runs it`() async throws {
        let kitchen = try await baked()
        let place = try TemporaryFolder()
        let podman = [
            "--root", place.file("root").string, "--runroot", place.file("run").string, "--storage-driver", "vfs",
            "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--events-backend", "none",
        ]
        for (format, compression) in [("docker-archive", "none"), ("docker-archive", "gzip-6"), ("oci", "zstd-3")] {
            let archive = kitchen.work.file("box-\(compression).tar").string
            try await kitchen.run(
                "export",
                "box",
                "--format",
                format,
                "--compression",
                compression,
                "--to",
                archive
            )
            let name = "\(format == "oci" ? "oci-archive" : format):\(archive)"
            let image = try await requireTool("podman", podman + ["pull", "--quiet", name]).split(separator: "\n").last
            let output = try await requireTool(
                "podman",
                podman + [
                    "run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit",
                    "nproc=1024:1024", String(image ?? ""),
                ]
            )
            #expect(output == "it runs\n", "\(compression)")
            try await requireTool("podman", podman + ["rmi", "--all", "--force"])
        }
    }

    @Test(.enabled(if: isRoot && hasTool("setpriv"), "needs root, to become somebody else"))
    func `an image of files bakes as an ordinary user with no other program in reach`() async throws {
        let kitchen = try await Kitchen()
        let own = try TemporaryFolder()
        try await requireTool("cp", ["-r", kitchen.work.path.string, own.file("work").string])
        try await requireTool("chown", ["-R", "65534:65534", own.path.string])
        let setpriv = [
            "/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs", "--",
        ]
        let result = try await kitchen.ovenbird(
            ["bake", "--first"],
            in: own.file("work"),
            store: own.file("store"),
            environment: ["PATH": "/nonexistent"],
            through: setpriv
        )
        #expect(result.status == 0, "\(result.error)")
        _ = try await kitchen.bake("--first")
        #expect(try kitchen.identity(of: "site", in: own.file("work")) == kitchen.identity(of: "site"))
    }
}
