import ContainerImages
import Diagnostics
import Glibc
import Layers
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Whole images from outside, and what is written of ours; the numbers are those of the page on hostile input.
@Suite struct HostileInputImageTests {
    private let samples: SampleImages
    private let target: ArtifactStore
    private let base: BaseImport

    init() throws {
        samples = try SampleImages()
        target = try ArtifactStore.open(at: samples.folder.file("target"), mode: .readWrite)
        base = BaseImport(
            store: target,
            platform: Platform(architecture: hostArchitecture),
            name: "vendor",
            place: nil
        )
    }

    private func write(_ bytes: [UInt8], _ mediaType: String, _ more: KeyValuePairs<String, JSONValue> = [:]) throws
        -> JSONValue
    {
        let digest = Digester.digest(of: bytes)
        try samples.folder.write(bytes, to: "made/blobs/sha256/\(digest.hex)")
        var members: [String: JSONValue] = [
            "mediaType": .string(mediaType), "digest": .string(digest.description),
            "size": .integer(Int64(bytes.count)),
        ]
        for (key, value) in more { members[key] = value }
        return .object(members)
    }

    /// A layout that no code of ours wrote, with `title` where people put names.
    private func writeLayout(layer tar: RawTar, title: String = "t", type: String = "manifest") throws {
        let layer = try write(
            tar.finished,
            "application/vnd.oci.image.layer.v1.tar",
            [
                "annotations": .object(["org.opencontainers.image.title": .string(title)]),
                "urls": .array(["http://192.0.2.1/layer"]),
            ]
        )
        let config: JSONValue = .object([
            "architecture": .string(hostArchitecture), "os": "linux",
            "config": .object(["Labels": .object([title: .string(title)])]),
            "rootfs": .object(["type": "layers", "diff_ids": .array([layer["digest"] ?? .null])]),
        ])
        let manifest: JSONValue = .object([
            "schemaVersion": 2, "layers": .array([layer]), "annotations": .object([title: .string(title)]),
            "config": try write(config.canonicalBytes, "application/vnd.oci.image.config.v1+json"),
        ])
        let entry = try write(manifest.canonicalBytes, "application/vnd.oci.image.\(type).v1+json")
        let index: JSONValue = .object(["schemaVersion": 2, "manifests": .array([entry])])
        try samples.folder.write(#"{"imageLayoutVersion":"1.0.0"}"#, to: "made/oci-layout")
        try samples.folder.write(index.canonicalBytes, to: "made/index.json")
    }

    private func refusal() throws -> String {
        let error = #expect(throws: InvalidInput.self) {
            try base.layout(samples.folder.file("made"), tag: nil)
        }
        #expect(try target.blobs().isEmpty && Files.names(in: target.temporaryFolder).isEmpty)
        return error?.description ?? ""
    }

    private var layer: RawTar {
        var tar = RawTar()
        tar.add("a", content: "1")
        return tar
    }

    @Test func `row 16: a document is what its descriptor says`() throws {
        try writeLayout(layer: layer, type: "index")
        #expect(try refusal().contains("an index has no 'config'") || refusal().contains("an index has no 'layers'"))
    }

    @Test func `row 17: an index in an index, and so on, comes to an end`() throws {
        try writeLayout(layer: layer)
        var entry = try write(Array("{}".utf8), "application/vnd.oci.image.manifest.v1+json")
        for _ in 0..<8 {
            let index: JSONValue = .object(["schemaVersion": 2, "manifests": .array([entry])])
            entry = try write(index.canonicalBytes, "application/vnd.oci.image.index.v1+json")
        }
        let index: JSONValue = .object(["schemaVersion": 2, "manifests": .array([entry])])
        try samples.folder.write(index.canonicalBytes, to: "made/index.json")
        #expect(try refusal().contains("which is not an image manifest"))
    }

    @Test func `row 19: a blob with another content or size is refused before it is used`() throws {
        try writeLayout(layer: layer)
        let blobs = samples.folder.file("made/blobs/sha256")
        for name in try Files.names(in: blobs) {
            let path = blobs.appending(name)
            let bytes = try Files.read(path)
            var turned = bytes
            turned[turned.count - 1] ^= 0x20
            for damaged in [turned, Array(bytes.dropLast()), bytes + [0], bytes + bytes, []] {
                try AtomicFile.write(damaged, to: path)
                #expect(try refusal().contains("the blob 'sha256:\(name)' "))
            }
            try AtomicFile.write(bytes, to: path)
        }
        #expect(try base.layout(samples.folder.file("made"), tag: nil).layers.count == 1)
    }

    @Test(arguments: ["../../../probe", "/etc/passwd", "$(touch probe)", "a\nb\u{1b}[2J", "`id`; rm -rf /"])
    func `row 20: annotations and labels are data`(title: String) throws {
        try writeLayout(layer: layer, title: title)
        let imported = try base.layout(samples.folder.file("made"), tag: nil)
        #expect(imported.config?.execution.labels == [title: title])
        #expect(try Files.names(in: samples.folder.path) == ["made", "store", "target"])
    }

    @Test func `rows 1, 9 and 15: a hostile layer leaves no blob`() throws {
        let noWhiteout = "'.wh.' begins the name of a whiteout, which is a plain file"
        for (name, type, reason) in [
            ("../x", "0", "the name has a '..' component"), (".wh.", "0", "is a whiteout of nothing that can exist"),
            ("etc/.wh...", "0", "is a whiteout of nothing that can exist"),
            (".wh..wh.plnk", "0", "is a whiteout of nothing that can exist"), (".wh.x", "5", noWhiteout),
            (".wh.x/y", "0", noWhiteout), ("link", "1", "it links to"),
        ] as [(String, Character, String)] {
            var tar = RawTar()
            tar.add(name, type, link: type == "1" ? "../../etc/shadow" : "")
            try writeLayout(layer: tar)
            let refusal = try refusal()
            #expect(refusal.contains("[invalid-base]\n  why: entry '\(name)': "), "\(refusal)")
            #expect(refusal.contains(reason), "\(refusal)")
        }
    }

    @Test func `row 27: nothing is written over a symlink, and nothing goes through it`() throws {
        let image = try StoredImage(manifest: try samples.web().manifestDigest, in: samples.store)
        let export = ImageExport(.image(image), in: samples.store, project: "shop", name: "web", version: "1.0.0")
        let probe = try samples.folder.write("precious", to: "precious/file")
        let target = samples.folder.file("image.tar")
        #expect(symlink(probe.string, target.string) == 0)
        for force in [false, true] {
            let refusals = [
                #expect(throws: InvalidInput.self) { try export.oci(to: target, force: force) },
                #expect(throws: InvalidInput.self) { try export.dockerArchive(to: target, force: force) },
                #expect(throws: InvalidInput.self) { try export.rootfs(to: target, force: force) },
            ]
            for refusal in refusals { #expect(refusal?.description.contains("[output-exists]") == true) }
        }
        #expect(try FileStatus.ofExisting(target)?.kind == .symlink)
        #expect(try Files.read(probe) == Array("precious".utf8))
        #expect(symlink(samples.folder.file("precious").string, samples.folder.file("layout").string) == 0)
        _ = try? export.oci(to: samples.folder.file("layout"))
        #expect(try Files.names(in: samples.folder.file("precious")) == ["file"])
    }
}
