import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite struct ReferencesTests {
    private let folder: TemporaryFolder
    private let store: ArtifactStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    /// A whole image of one layer; the layer is an empty tar: two blocks of zeros.
    private func putImage(_ author: String) throws -> ContentDescriptor {
        let layer = try store.putBlob([UInt8](repeating: 0, count: 1024))
        let config = ImageConfig(
            created: Timestamp.text(seconds: 0),
            author: author,
            platform: Platform(architecture: "amd64"),
            diffIDs: [layer.digest]
        )
        let configBlob = try store.putBlob(config.bytes)
        let manifest = ImageManifest(
            config: ContentDescriptor(mediaType: .imageConfig, digest: configBlob.digest, size: configBlob.size),
            layers: [ContentDescriptor(mediaType: .layer, digest: layer.digest, size: layer.size)]
        )
        let blob = try store.putBlob(manifest.json.canonicalBytes)
        return ContentDescriptor(mediaType: .imageManifest, digest: blob.digest, size: blob.size)
    }

    @Test func `names images, renames and forgets them`() throws {
        let first = try putImage("one")
        let second = try putImage("two")
        try store.setReferences(["p.web": first, "p.web.1": first])
        try store.setReference("p.web", second)
        #expect(try store.references().mapValues(\.digest) == ["p.web": second.digest, "p.web.1": first.digest])
        #expect(try store.reference("p.web")?.referenceName == "p.web")
        let before = try FileStatus.ofExisting(store.path.appending("index.json"))
        try store.setReference("p.web", second)
        #expect(try FileStatus.ofExisting(store.path.appending("index.json")) == before)
        try store.removeReference("p.web")
        #expect(try store.references().keys.sorted() == ["p.web.1"])
    }

    @Test func `refuses names that tools cannot read, and manifests that are not there`() throws {
        let image = try putImage("one")
        for name in ["", "a/", "-a", "a__b", "a b", "a\u{1b}b", "../x"] {
            #expect(throws: StoreError.badReferenceName(name)) { try store.setReference(name, image) }
        }
        #expect(
            StoreError.badReferenceName("a b").description
                == "'a b' cannot name an image: "
                + "it takes letters and digits, joined by '-', '.', '_', ':', '@', '+' or '--'"
        )
        var missing = image
        missing.size += 1
        #expect(throws: StoreError.blobMissing(image.digest)) { try store.setReference("a", missing) }
        #expect(try store.references().isEmpty)
    }

    @Test func `writers at once lose no name`() async throws {
        let image = try putImage("one")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask { [store] in
                    try await BlockingPool.shared.run { try store.setReference("p.i\(number)", image) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.references().count == 12)
    }

    @Test func `a store has room for more names than a received index may have`() throws {
        let image = try putImage("one")
        var index = ImageIndex(manifests: [])
        for number in 0..<12_000 {
            var entry = image
            entry.annotations[ContentDescriptor.referenceNameKey] = "p.web.\(number)"
            index.manifests.append(entry)
        }
        try AtomicFile.write(index.json.canonicalBytes, to: store.path.appending("index.json"))
        try store.setReference("p.web", image)
        #expect(try store.references().count == 12_001)
        let error = #expect(throws: DocumentError.self) { try ImageIndex(decoding: index.json.canonicalBytes) }
        #expect(error?.description.contains("limit of 10000") == true)
    }

    @Test func `more names than can be read again are refused before they are written`() throws {
        let image = try putImage("one")
        let limits = ImageIndex.Limits(bytes: 1 << 20, manifests: 2)
        try store.setReferences(["p.a": image, "p.b": image], limits: limits)
        let error = #expect(throws: StoreError.self) { try store.setReferences(["p.c": image], limits: limits) }
        #expect(
            error?.description
                == "cannot name an image: '\(store.path)/index.json' would hold 3 names, more than can be read again"
        )
        let small = ImageIndex.Limits(bytes: 300, manifests: 100)
        #expect(throws: StoreError.self) { try store.setReferences(["p.c": image], limits: small) }
        // What takes no more room goes on.
        try store.setReferences(["p.a": try putImage("two")], limits: limits)
        #expect(try store.references().keys.sorted() == ["p.a", "p.b"])
    }

    @Test func `says that the index of the layout is damaged`() throws {
        try AtomicFile.write(Array("{".utf8), to: store.path.appending("index.json"))
        let error = #expect(throws: StoreError.self) { try store.references() }
        #expect(
            error?.description
                == "'\(store.path)' is not a store: its 'index.json': "
                + "JSON: line 1, column 2: a key in double quotes is missing"
        )
    }

    @Test(.enabled(if: hasTool("skopeo"))) func `skopeo reads the store`() async throws {
        let image = try putImage("baker")
        try store.setReferences(["shop.web": image, "shop.web.1.0.0": image])
        let seen = try await requireTool("skopeo", ["inspect", "oci:\(store.path):shop.web.1.0.0"])
        #expect(try JSONValue.parse(Array(seen.utf8))["Digest"] == .string(image.digest.description))
        let config = try await requireTool("skopeo", ["inspect", "--config", "oci:\(store.path):shop.web"])
        #expect(try JSONValue.parse(Array(config.utf8))["author"] == "baker")
        let copy = folder.file("copy")
        try await requireTool("skopeo", ["copy", "--insecure-policy", "oci:\(store.path):shop.web", "oci:\(copy):x"])
    }

    @Test(.enabled(if: hasTool("umoci"))) func `umoci reads the store`() async throws {
        try store.setReference("shop.web", try putImage("baker"))
        let names = try await requireTool("umoci", ["list", "--layout", store.path.string])
        #expect(names == "shop.web\n")
        try await requireTool("umoci", ["stat", "--image", "\(store.path):shop.web"])
    }

    @Test(.enabled(if: OCISchema.isAvailable)) func `the specification's schemas accept the layout`() async throws {
        try store.setReference("shop.web", try putImage("baker"))
        let layout = try Files.read(store.path.appending("oci-layout"))
        #expect(try await OCISchema.layout.mistakes(in: layout).isEmpty)
        let index = try Files.read(store.path.appending("index.json"))
        #expect(try await OCISchema.index.mistakes(in: index).isEmpty)
    }
}
