import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// `export --compression`, with skopeo as the judge.
@Suite(.enabled(if: hasTool("skopeo"))) struct ExportCompressionTests {
    private func blobs(of kitchen: Kitchen) throws -> Int {
        try Files.names(in: kitchen.store.appending("blobs/sha256")).count
    }

    @Test(arguments: ["zstd-3", "gzip-6"])
    func `of a layout is what other tools unpack, and is made once`(form: String) async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        let identity = try kitchen.identity(of: "site").identity
        try await kitchen.run("export", "site", "--compression", form, "--to", "layout")
        let index = try ImageIndex(decoding: try Files.read(kitchen.work.file("layout/index.json")))
        let entry = try #require(index.manifests.first)
        let manifest = try ImageManifest(
            decoding: try Files.read(kitchen.work.file("layout/blobs/sha256/\(entry.digest.hex)"))
        )
        #expect(manifest.config.digest.description == identity)
        let type = form.hasPrefix("zstd") ? MediaType.layerZstd : .layerGzip
        #expect(!manifest.layers.isEmpty)
        #expect(manifest.layers.allSatisfy { $0.mediaType == type && $0.annotations["ovenbird.compression"] == form })
        try await requireTool("skopeo", ["copy", "-q", "oci:layout:1", "oci:judged:1"], in: kitchen.work.path)
        let config = try ImageConfig(
            decoding: try Files.read(kitchen.work.file("judged/blobs/sha256/\(manifest.config.digest.hex)"))
        )
        for (layer, diffID) in zip(manifest.layers, config.diffIDs) {
            let plain = try await requireTool(
                "sh",
                ["-c", "\(form.prefix(4)) -dc < judged/blobs/sha256/\(layer.digest.hex) | sha256sum"],
                in: kitchen.work.path
            )
            #expect(plain.hasPrefix(diffID.hex))
        }

        let count = try blobs(of: kitchen)
        try await kitchen.run("export", "site", "--compression", form, "--to", "again.tar")
        #expect(try blobs(of: kitchen) == count)
        try await kitchen.run("export", "site", "--to", "uncompressed")
        let other = try ImageIndex(decoding: try Files.read(kitchen.work.file("uncompressed/index.json")))
        #expect(other.manifests.first?.digest != entry.digest)
        #expect(try await kitchen.run("fsck").hasSuffix(": all good\n"))
    }

    @Test func `of a Docker archive is gzip or nothing, and other formats have no layers`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        try await kitchen.run(
            "export",
            "site",
            "--format",
            "docker-archive",
            "--compression",
            "gzip",
            "--to",
            "site.tar"
        )
        let config = try await requireTool(
            "skopeo",
            ["inspect", "--config", "docker-archive:site.tar"],
            in: kitchen.work.path
        )
        let layers = try JSONValue.parse(Array(config.utf8))["rootfs"]?["diff_ids"]?.arrayValue ?? []
        #expect(!layers.isEmpty)
        try await requireTool(
            "skopeo",
            ["copy", "-q", "docker-archive:site.tar", "oci:judged:x"],
            in: kitchen.work.path
        )
        for (format, message) in [
            (
                "docker-archive",
                "'--compression zstd-3' makes a Docker archive that engines do not read: take gzip, or none"
            ),
            ("rootfs-tar", "'--compression' is for the formats oci and docker-archive, which have layers"),
            ("step-bundles", "'--compression' is for the formats oci and docker-archive, which have layers"),
        ] {
            let refused = try await kitchen.ovenbird([
                "export", "site", "--format", format, "--compression", "zstd", "--to", "no",
            ])
            #expect(refused.status == 2)
            #expect(refused.error.contains(message), "\(refused.error)")
            #expect(!Files.exists(kitchen.work.file("no")))
        }
    }
}
