import OCI
import SystemIO
import Testing

/// The rows are those of the table of bad input: media-type confusion, malformed manifests, digests as paths, sizes.
@Suite struct ImageManifestTests {
    private static let digest = "sha256:" + String(repeating: "b", count: 64)
    private static let config =
        #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(digest)","size":2}"#
    private static let layer = #"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"\#(digest)","size":9}"#

    private func manifest(_ text: String) throws -> ImageManifest { try ImageManifest(decoding: Array(text.utf8)) }

    private func index(_ text: String) throws -> ImageIndex { try ImageIndex(decoding: Array(text.utf8)) }

    @Test func `reads a manifest and writes it canonically`() throws {
        let read = try manifest(
            #"{"schemaVersion": 2, "config": \#(Self.config), "unknown": [1], "layers": [\#(Self.layer)]}"#
        )
        #expect(read.layers.map(\.size) == [9])
        #expect(read.mediaType == .imageManifest)
        #expect(
            read.json.canonicalText
                == #"{"config":{"digest":"\#(Self.digest)","#
                + #""mediaType":"application/vnd.oci.image.config.v1+json","size":2},"#
                + #""layers":[{"digest":"\#(Self.digest)","#
                + #""mediaType":"application/vnd.oci.image.layer.v1.tar","size":9}],"#
                + #""mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}"#
        )
        #expect(try ImageManifest(decoding: read.json.canonicalBytes) == read)
    }

    private static let badManifests: [(text: String, reason: String)] = [
        ("[]", "the document is a list, not an object"),
        ("{}", "'schemaVersion' is missing, and only 2 is known"),
        (#"{"schemaVersion":1}"#, "'schemaVersion' is 1, and only 2 is known"),
        (#"{"schemaVersion":"2"}"#, "'schemaVersion' is a string, not an integer"),
        (#"{"schemaVersion":2,"layers":[],"manifests":[],"config":\#(config)}"#, "a manifest has no 'manifests'"),
        (#"{"schemaVersion":2,"layers":[],"fsLayers":[],"config":\#(config)}"#, "a manifest has no 'fsLayers'"),
        (
            #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","layers":[],"#
                + #""config":\#(config)}"#,
            "'mediaType' is 'application/vnd.oci.image.index.v1+json', which is not an image manifest"
        ),
        (#"{"schemaVersion":2,"layers":[]}"#, "'config' is missing"),
        (#"{"schemaVersion":2,"layers":[],"config":null}"#, "'config' is missing"),
        (#"{"schemaVersion":2,"layers":[],"config":[]}"#, "'config' is a list, not an object"),
        (#"{"schemaVersion":2,"config":\#(config)}"#, "'layers' is missing"),
        (#"{"schemaVersion":2,"layers":{},"config":\#(config)}"#, "'layers' is an object, not a list"),
        (#"{"schemaVersion":2,"layers":[7],"config":\#(config)}"#, "'layers[0]' is a number, not an object"),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[{"mediaType":"a/b","digest":"\#(digest)","size":-1}]}"#,
            "'layers[0].size' is -1, and a size is never negative"
        ),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[{"mediaType":"a/b","digest":"\#(digest)","size":1.5}]}"#,
            "'layers[0].size' is a number, not an integer"
        ),
        (
            #"{"schemaVersion":2,"config":\#(config),"#
                + #""layers":[{"mediaType":"a/b","digest":"sha256:../../x","size":1}]}"#,
            "'layers[0].digest' is 'sha256:../../x', not 'sha256:' and 64 lower-case hexadecimal digits"
        ),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[{"mediaType":"a/b","digest":"md5:00","size":1}]}"#,
            "'layers[0].digest' is 'md5:00', whose algorithm is not supported: only 'sha256' is"
        ),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[{"mediaType":"a b","digest":"\#(digest)","size":1}]}"#,
            "'layers[0].mediaType' is 'a b', not a media type"
        ),
        (
            #"{"schemaVersion":2,"config":\#(config),"layers":[],"annotations":{"a":1}}"#,
            "'annotations.a' is a number, not a string"
        ),
    ]

    @Test func `refuses a malformed manifest and says why`() {
        for (text, reason) in Self.badManifests {
            #expect(throws: DocumentError.invalid(document: "image manifest", reason: reason)) { try manifest(text) }
        }
    }

    @Test func `refuses keys that are there twice, and too much of anything`() {
        #expect(throws: DocumentError.self) { try manifest(#"{"schemaVersion":2,"layers":[],"layers":[]}"#) }
        let layers = Array(repeating: Self.layer, count: 1001).joined(separator: ",")
        #expect(
            throws: DocumentError.invalid(
                document: "image manifest",
                reason: "'layers' has 1001 entries, more than the limit of 1000"
            )
        ) { try manifest(#"{"schemaVersion":2,"config":\#(Self.config),"layers":[\#(layers)]}"#) }
        let large = [UInt8](repeating: 0x20, count: DocumentLimit.bytes + 1)
        #expect(throws: DocumentError.tooLarge(size: 4_194_305, limit: 4_194_304)) {
            try ImageManifest(decoding: large)
        }
    }

    @Test func `refuses an index that is also a manifest`() throws {
        for (text, reason) in [
            (#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, "an index has no 'layers'"),
            (#"{"schemaVersion":2,"manifests":[],"config":\#(Self.config)}"#, "an index has no 'config'"),
            (#"{"schemaVersion":2}"#, "'manifests' is missing"),
            (
                #"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
                "'mediaType' is 'application/vnd.oci.image.manifest.v1+json', which is not an image index"
            ),
        ] {
            #expect(throws: DocumentError.invalid(document: "image index", reason: reason)) { try index(text) }
        }
        #expect(try index(#"{"schemaVersion":2,"manifests":[]}"#) == ImageIndex(manifests: []))
    }

    @Test func `compares the layers of manifest and config`() throws {
        let read = try manifest(#"{"schemaVersion":2,"config":\#(Self.config),"layers":[\#(Self.layer)]}"#)
        let config = ImageConfig(platform: Platform(architecture: "amd64"))
        #expect(
            throws: DocumentError.invalid(
                document: "image config",
                reason: "'rootfs.diff_ids' names 0 layers, and the manifest has 1"
            )
        ) { try read.check(config) }
    }

    @Test func `media types follow RFC 6838`() {
        #expect(MediaType("application/vnd.oci.image.index.v1+json") == .imageIndex)
        for text in [
            "", "a", "a/", "/b", "a/b/c", "a/b;c=d", "a /b", ".a/b", "a/" + String(repeating: "b", count: 128),
        ] {
            #expect(MediaType(text) == nil)
        }
        #expect(MediaType.layerZstd.layerCompression == .zstd)
        #expect(MediaType.layer.layerCompression == LayerCompression.none)
        #expect(MediaType.imageConfig.layerCompression == nil)
    }
}
