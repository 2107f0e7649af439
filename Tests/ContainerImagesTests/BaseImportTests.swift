import Diagnostics
import Layers
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import ContainerImages

/// What is read from outside, made by foreign tools from an image of ours.
@Suite struct BaseImportTests {
    private let samples: SampleImages
    private let target: ArtifactStore
    private let base: BaseImport

    init() throws {
        samples = try SampleImages()
        target = try ArtifactStore.open(at: samples.folder.file("target"), mode: .readWrite)
        base = BaseImport(
            store: target,
            platform: Platform(architecture: hostArchitecture),
            name: "vendor/base",
            place: place
        )
    }

    private var folder: FilePath { samples.folder.path }

    private func skopeo(_ arguments: String...) async throws {
        try await requireTool("skopeo", ["copy", "-q"] + arguments, in: folder)
    }

    @Test(arguments: ["", "--dest-compress-format=gzip", "--dest-compress-format=zstd"])
    func `a layout by skopeo gives our layers back`(option: String) async throws {
        let image = try samples.web()
        try await skopeo(
            "oci:store:shop.web",
            "oci:vendor:1.0",
            option.isEmpty ? "--preserve-digests" : option,
            option.isEmpty ? "--preserve-digests" : "--dest-compress"
        )
        for tag in [nil, "1.0"] {
            let imported = try base.layout(folder.appending("vendor"), tag: tag)
            #expect(imported.layers.map(\.digest) == image.config.diffIDs)
            #expect(imported.config == image.config)
            #expect(imported.digest == image.identity)
        }
        for diffID in image.config.diffIDs { try target.verify(diffID) }
    }

    @Test(arguments: [false, true])
    func `an archive by skopeo gives our layers back`(isCompressed: Bool) async throws {
        let image = try samples.web()
        try await skopeo("oci:store:shop.web", "docker-archive:saved.tar:shop/web:1.0")
        if isCompressed { try await requireTool("gzip", ["saved.tar"], in: folder) }
        let path = folder.appending(isCompressed ? "saved.tar.gz" : "saved.tar")
        for tag in [nil, "shop/web:1.0", "1.0"] {
            let imported = try base.dockerArchive(path, tag: tag)
            #expect(imported.layers.map(\.digest) == image.config.diffIDs)
            #expect(imported.config?.execution.entrypoint == ["/bin/true"])
        }
        #expect(try Files.names(in: target.temporaryFolder).isEmpty)
    }

    @Test func `umoci's gzip layers are decompressed and proved`() async throws {
        try await requireTool("umoci", ["init", "--layout", "made"], in: folder)
        try await requireTool("umoci", ["new", "--image", "made:x"], in: folder)
        try await requireTool("umoci", ["unpack", "--rootless", "--image", "made:x", "bundle"], in: folder)
        try samples.folder.write("content\n", to: "bundle/rootfs/opt/file")
        try await requireTool("umoci", ["repack", "--image", "made:x", "bundle"], in: folder)
        let imported = try base.layout(folder.appending("made"), tag: "x")
        #expect(imported.layers.map(\.digest) == imported.config?.diffIDs)
        let listing = try LayerListing.scan(try target.openBlob(try #require(imported.layers.first).digest))
        #expect(listing.items.contains { $0.entry.path == "opt/file" && $0.entry.size == 8 })
    }

    @Test func `old archives share layers by links`() async throws {
        let image = try samples.web()
        let diffIDs = image.config.diffIDs
        // Old engines named a layer by its id, and linked where two were equal.
        var config = image.config
        config.diffIDs = [diffIDs[0], diffIDs[0]]
        let bytes = config.bytes
        let hex = Digester.digest(of: bytes).hex
        try samples.folder.write(bytes, to: "old/\(hex).json")
        try samples.folder.makeFolder("old/aa")
        try samples.folder.makeFolder("old/bb")
        try await requireTool("cp", ["store/blobs/sha256/\(diffIDs[0].hex)", "old/aa/layer.tar"], in: folder)
        try await requireTool("ln", ["-s", "../aa/layer.tar", "old/bb/layer.tar"], in: folder)
        let manifest = #"[{"Config":"\#(hex).json","RepoTags":null,"Layers":["aa/layer.tar","bb/layer.tar"]}]"#
        try samples.folder.write(manifest, to: "old/manifest.json")
        try await requireTool("tar", ["-C", "old", "-cf", "old.tar", "."], in: folder)
        let imported = try base.dockerArchive(folder.appending("old.tar"), tag: nil)
        #expect(imported.layers.map(\.digest) == [diffIDs[0], diffIDs[0]])
    }

    @Test func `a root of any compression is the same layer`() async throws {
        try samples.folder.write("x\n", to: "root/etc/motd")
        try await requireTool("mkfifo", ["root/pipe"], in: folder)
        try await requireTool("tar", ["-C", "root", "--owner=3:3", "--mtime=@5", "-cf", "root.tar", "."], in: folder)
        try await requireTool("sh", ["-c", "gzip -k root.tar; xz -k root.tar; zstd -q root.tar"], in: folder)
        let names = ["root.tar", "root.tar.gz", "root.tar.xz", "root.tar.zst"]
        let layers = try names.map { try base.rootfs(folder.appending($0), latestTime: 4) }
        #expect(Set(layers.map(\.digest)).count == 1)
        #expect(layers[0].config == nil)
        let listing = try LayerListing.scan(try target.openBlob(layers[0].digest))
        let motd = try #require(listing.items.first { $0.entry.path == "etc/motd" })
        #expect((motd.entry.owner, motd.entry.modified, motd.entry.size) == (3, 4, 2))
    }
}

/// What is refused, and in which words.
@Suite struct BaseImportRefusalTests {
    private let samples: SampleImages
    private let target: ArtifactStore
    private let base: BaseImport

    init() throws {
        samples = try SampleImages()
        target = try ArtifactStore.open(at: samples.folder.file("target"), mode: .readWrite)
        base = BaseImport(
            store: target,
            platform: Platform(architecture: "amd64"),
            name: "vendor/base",
            place: place
        )
    }

    private var folder: FilePath { samples.folder.path }

    /// The mistake that reading the layout or archive gives, after its first line where that is the usual one.
    private func refusal(_ name: String, tag: String? = nil) throws -> String {
        let path = folder.appending(name)
        let error = #expect(throws: InvalidInput.self) {
            name.hasSuffix(".tar") ? try base.dockerArchive(path, tag: tag) : try base.layout(path, tag: tag)
        }
        let text = error?.description ?? ""
        let usual = "Bakefile:7:11: error: the base 'vendor/base' cannot be used [invalid-base]\n  why: "
        return text.hasPrefix(usual) ? String(text.dropFirst(usual.count)) : text
    }

    private func writeLayout(_ index: JSONValue, version: String = "1.0.0") throws {
        try samples.folder.write(#"{"imageLayoutVersion":"\#(version)"}"#, to: "made/oci-layout")
        try samples.folder.write(index.canonicalBytes, to: "made/index.json")
    }

    @discardableResult
    private func writeBlob(_ bytes: [UInt8], _ mediaType: MediaType) throws -> ContentDescriptor {
        let digest = Digester.digest(of: bytes)
        try samples.folder.write(bytes, to: "made/blobs/sha256/\(digest.hex)")
        return ContentDescriptor(mediaType: mediaType, digest: digest, size: Int64(bytes.count))
    }

    /// A layout of one image, with every part open to change.
    private func writeImage(
        layer: [UInt8]? = nil,
        _ change: (inout ImageConfig, inout ImageManifest) -> Void = { _, _ in }
    ) throws {
        let bytes = try layer ?? samples.store.readBlob(try samples.layer(["a": "1"]).digest)
        let blob = try writeBlob(bytes, .layer)
        var config = ImageConfig(platform: Platform(architecture: "amd64"), diffIDs: [blob.digest])
        var manifest = ImageManifest(config: blob, layers: [blob])
        change(&config, &manifest)
        let mediaType = manifest.config.mediaType
        manifest.config = try writeBlob(config.bytes, mediaType == .layer ? .imageConfig : mediaType)
        try writeLayout(ImageIndex(manifests: [try writeBlob(manifest.json.canonicalBytes, .imageManifest)]).json)
    }

    @Test func `folders that are no layouts`() throws {
        #expect(try refusal("none") == "there is no such folder")
        try samples.folder.makeFolder("made")
        #expect(try refusal("made") == "it has no file 'oci-layout', so that it is not an OCI image layout")
        try samples.folder.write(#"{"imageLayoutVersion":"9.0"}"#, to: "made/oci-layout")
        #expect(try refusal("made") == "it has layout version '9.0', and only 1.0.0 is known")
        try samples.folder.write("{}", to: "made/oci-layout")
        #expect(try refusal("made") == "its file 'oci-layout' names no version")
        try writeLayout(ImageIndex(manifests: []).json)
        #expect(try refusal("made") == "it holds no image")
        try Files.removeFile(folder.appending("made/index.json"))
        #expect(try refusal("made") == "it has no file 'index.json'")
    }

    @Test func `a FIFO does not make it wait`() async throws {
        try samples.folder.makeFolder("made")
        try await requireTool("mkfifo", ["made/oci-layout"], in: folder)
        #expect(try refusal("made") == "its 'oci-layout' is not a file")
    }

    @Test func `names that are unknown, and images without a choice`() throws {
        _ = try samples.web(name: "web")
        _ = try samples.web(name: "api")
        #expect(
            try refusal("store", tag: "shop.wep") == """
                Bakefile:7:11: error: the base 'vendor/base' has no image named 'shop.wep' [unknown-tag]
                  why: it holds 'shop.api' and 'shop.web'
                  fix: write 'shop.web'
                """
        )
        #expect(
            try refusal("store") == """
                Bakefile:7:11: error: the base 'vendor/base' holds several images [ambiguous-base]
                  why: they are 'shop.api' and 'shop.web'
                  fix: name one of them after the path: 'vendor/base:shop.api'
                """
        )
    }

    @Test func `platforms`() throws {
        try writeImage { config, _ in config.platform.architecture = "s390x" }
        #expect(
            try refusal("made") == """
                Bakefile:7:11: error: the base 'vendor/base' has no image for linux/amd64 [missing-platform]
                  why: it is for 'linux/s390x'
                """
        )
        try writeImage()
        let bytes = try Files.read(folder.appending("made/index.json"))
        var right = try #require(try ImageIndex(decoding: bytes).manifests.first)
        right.platform = Platform(architecture: "amd64")
        var left = right
        left.platform = Platform(architecture: "arm64", variant: "v8")
        var attestation = right
        attestation.platform = Platform(architecture: "unknown", os: "unknown")
        let list = ImageIndex(manifests: [left, attestation, right]).json
        try writeLayout(ImageIndex(manifests: [try writeBlob(list.canonicalBytes, .imageIndex)]).json)
        #expect(try base.layout(folder.appending("made"), tag: nil).config?.platform.architecture == "amd64")
        try writeLayout(ImageIndex(manifests: [left, attestation]).json)
        #expect(try refusal("made").hasSuffix("why: it is for 'linux/arm64/v8'"))
    }

    @Test func `damage of every blob`() throws {
        try writeImage()
        let blobs = folder.appending("made/blobs/sha256")
        for name in try Files.names(in: blobs) {
            let path = blobs.appending(name)
            let bytes = try Files.read(path)
            var damaged = bytes
            damaged[damaged.count / 2] ^= 1
            try AtomicFile.write(damaged, to: path)
            #expect(
                try refusal("made").hasPrefix(
                    "the blob 'sha256:\(name)' is damaged: its content has the digest 'sha256:"
                )
            )
            try AtomicFile.write(bytes + [0], to: path)
            #expect(try refusal("made") == "the blob 'sha256:\(name)' has \(bytes.count + 1) bytes, not \(bytes.count)")
            try Files.removeFile(path)
            #expect(try refusal("made") == "the blob 'sha256:\(name)' is missing")
            try AtomicFile.write(bytes, to: path)
        }
        #expect(try target.blobs().isEmpty)
    }

    @Test func `a layer that is not what the config says`() throws {
        let other = try #require(Digest(hex: String(repeating: "7", count: 64)))
        try writeImage { config, _ in config.diffIDs = [other] }
        #expect(
            try refusal("made").hasPrefix(
                "the layer '\(other)' is not what its config says: its content has the digest 'sha256:"
            )
        )
        #expect(try target.blobs().isEmpty)
        try writeImage { config, _ in config.diffIDs += [other] }
        #expect(try refusal("made") == "image config: 'rootfs.diff_ids' names 2 layers, and the manifest has 1")
    }

    @Test func `media types that are none of an image's`() throws {
        try writeImage { _, manifest in manifest.layers[0].mediaType = .layerGzip }
        #expect(try refusal("made").hasSuffix("' is not compressed as its media type says"))
        try writeImage { _, manifest in manifest.layers[0].mediaType = .imageConfig }
        #expect(try refusal("made").hasSuffix("' is of the media type 'application/vnd.oci.image.config.v1+json'"))
        try writeImage { _, manifest in manifest.config.mediaType = .machineImage }
        #expect(
            try refusal("made")
                == "its config is of the media type 'application/vnd.ovenbird.machine.v1', so that it is no image"
        )
    }

    @Test func `of several damaged layers the lowest is named, and whole ones keep their order`() throws {
        let layers = try (0..<9).map { index in
            let blob = try samples.layer(["file-\(index)": "\(index)"])
            return try writeBlob(try samples.store.readBlob(blob.digest), .layer)
        }
        try writeImage { config, manifest in
            config.diffIDs = layers.map(\.digest)
            manifest.layers = layers
        }
        let blobs = folder.appending("made/blobs/sha256")
        var bytes: [Int: [UInt8]] = [:]
        for index in [7, 3] {
            let path = blobs.appending(layers[index].digest.hex)
            bytes[index] = try Files.read(path)
            try Files.removeFile(path)
        }
        #expect(try refusal("made") == "the blob '\(layers[3].digest)' is missing")
        for (index, bytes) in bytes { try AtomicFile.write(bytes, to: blobs.appending(layers[index].digest.hex)) }
        #expect(try base.layout(folder.appending("made"), tag: nil).layers.map(\.digest) == layers.map(\.digest))
        for layer in layers { try target.verify(layer.digest) }
        #expect(try Files.names(in: target.temporaryFolder).isEmpty)
    }

    @Test func `layers that cannot lie on one another`() throws {
        let link = TarEntry.symlink("a", to: Array("file".utf8))
        let lower = try samples.layer([(.regular("file", size: 1), "1"), (link, "")])
        let upper = try samples.layer([(.regular("a/b", size: 1), "1")])
        let layers = try [lower, upper].map { try writeBlob(try samples.store.readBlob($0.digest), .layer) }
        try writeImage { config, manifest in
            config.diffIDs = layers.map(\.digest)
            manifest.layers = layers
        }
        #expect(try refusal("made") == "has entries below 'a', which is not a directory in the layers below")
    }

    @Test func `a layer that was in the store before is looked at too`() async throws {
        // As a killed import, or a blob of another kind, may have left it.
        try await requireTool("sh", ["-c", "echo x > f; tar --transform=s,f,../x, -cPf bad.tar f"], in: folder)
        let bytes = try Files.read(folder.appending("bad.tar"))
        let digest = try target.putBlob(bytes).digest
        let file = try SystemIO.Descriptor.openForReading(folder.appending("bad.tar"))
        let error = #expect(throws: LayerError.self) { try base.storeLayer(file, diffID: digest) }
        #expect(error?.description == "layer '\(digest)': entry '../x': the name has a '..' component")
        // It is not this import's to remove.
        #expect(target.hasBlob(digest))
    }

    @Test func `a layer that is damaged in the store is stored again`() throws {
        let image = try samples.web()
        let diffID = image.config.diffIDs[0]
        let good = folder.appending("store/blobs/sha256/\(diffID.hex)")
        var bytes = try Files.read(good)
        bytes[0] ^= 1
        try AtomicFile.write(bytes, to: target.blobPath(diffID))
        _ = try base.storeLayer(try SystemIO.Descriptor.openForReading(good), diffID: diffID)
        try target.verify(diffID)
    }

    @Test func `a hostile layer is refused and leaves no blob`() async throws {
        try samples.folder.write("x", to: "up/x")
        try await requireTool(
            "tar",
            ["-C", "up", "-cPf", "evil.tar", "--transform=s,x,../x,", "x"],
            in: folder
        )
        try writeImage(layer: try Files.read(folder.appending("evil.tar")))
        #expect(try refusal("made") == "entry '../x': the name has a '..' component")
        #expect(try target.blobs().isEmpty)
    }

    @Test func `archives that no engine wrote`() async throws {
        try samples.folder.write("x", to: "in/x")
        func pack(_ manifest: String?) async throws {
            if let manifest { try samples.folder.write(manifest, to: "in/manifest.json") }
            try await requireTool("tar", ["-C", "in", "-cf", "in.tar", "."], in: folder)
        }
        try await pack(nil)
        #expect(try refusal("in.tar") == "it has no 'manifest.json', so that it is not what 'docker save' writes")
        try await pack("{}")
        #expect(try refusal("in.tar") == "its 'manifest.json' is not a list")
        try await pack("[{}]")
        #expect(try refusal("in.tar") == "its 'manifest.json' does not name a config, layers and tags")
        try await pack("[]")
        #expect(try refusal("in.tar") == "it holds no image")
        try await pack(#"[{"Config":"c.json","RepoTags":["a:1"],"Layers":[]}]"#)
        #expect(try refusal("in.tar") == "it has no 'c.json', which its manifest names")
        #expect(try refusal("in.tar", tag: "b").contains("has no image named 'b' [unknown-tag]"))
        try await pack(#"[{"Config":"../c.json","RepoTags":[],"Layers":[]}]"#)
        #expect(try refusal("in.tar") == "its manifest names '../c.json': the name has a '..' component")
        let zeros = String(repeating: "0", count: 64)
        try samples.folder.write("{}", to: "in/\(zeros).json")
        try await pack(#"[{"Config":"\#(zeros).json","RepoTags":[],"Layers":[]}]"#)
        #expect(try refusal("in.tar").hasPrefix("its config 'sha256:\(zeros)' is damaged"))
        try await requireTool("ln", ["-s", "../../c.json", "in/c.json"], in: folder)
        try await pack(#"[{"Config":"c.json","RepoTags":[],"Layers":[]}]"#)
        #expect(try refusal("in.tar") == "its 'c.json' leads out of it")
        try await pack(
            #"[{"Config":"c","RepoTags":["a:1"],"Layers":[]},{"Config":"c","RepoTags":["b:1"],"Layers":[]}]"#
        )
        #expect(
            try refusal("in.tar").contains("holds several images [ambiguous-base]\n  why: they are 'a:1' and 'b:1'")
        )
    }

    @Test func `a root that is cut off`() throws {
        try samples.folder.write([UInt8](repeating: 65, count: 700), to: "root.tar")
        let error = #expect(throws: InvalidInput.self) { try base.rootfs(folder.appending("root.tar"), latestTime: 0) }
        #expect(error?.description.hasPrefix("Bakefile:7:11: error: the base 'vendor/base' cannot be used") == true)
        #expect(throws: SystemError.self) { try base.rootfs(folder.appending("none.tar"), latestTime: 0) }
    }
}
