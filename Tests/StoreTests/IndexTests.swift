import Glibc
import OCI
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct IndexTests {
    private let folder: TemporaryFolder
    private let store: ArtifactStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
    }

    private func digest(_ text: String) -> Digest { Digester.digest(of: text) }

    @Test func `a result counts while its layers are whole`() throws {
        let layers = try [
            store.putBlob(Array("one".utf8)).digest, store.putBlob(Array("second".utf8)).digest,
        ]
        let config: JSONValue = .object(["architecture": "amd64"])
        try store.recordStepResult(
            contentKey: digest("c"),
            definitionKey: digest("d"),
            layers: layers,
            baseConfig: config,
            at: 5
        )
        try store.recordStepResult(contentKey: digest("c2"), definitionKey: digest("d"), layers: [], at: 6)
        let result = try #require(try store.stepResult(contentKey: digest("c")))
        #expect(result.layers == layers)
        #expect(result.baseConfig == config)
        #expect(result.byteSize == 9)
        #expect(result.createdAt == 5)
        #expect(try store.stepResults(definitionKey: digest("d")).map(\.contentKey) == [digest("c2"), digest("c")])
        #expect(try store.stepResult(contentKey: digest("d")) == nil)
        try AtomicFile.write([1], to: store.blobPath(layers[1]))
        #expect(try store.stepResult(contentKey: digest("c")) == nil)
        #expect(try store.stepResults(definitionKey: digest("d")).map(\.contentKey) == [digest("c2")])
        try store.removeBlob(layers[1])
        #expect(try store.stepResult(contentKey: digest("c")) == nil)
    }

    @Test func `a result is replaced, and never recorded without its layers`() throws {
        let layer = try store.putBlob([1]).digest
        let error = #expect(throws: StoreError.self) {
            try store.recordStepResult(
                contentKey: digest("c"),
                definitionKey: digest("d"),
                layers: [layer, digest("x")],
                at: 1
            )
        }
        #expect(error == .blobMissing(digest("x")))
        #expect(try store.stepResult(contentKey: digest("c")) == nil)
        try store.recordStepResult(contentKey: digest("c"), definitionKey: digest("d"), layers: [layer, layer], at: 1)
        try store.recordStepResult(contentKey: digest("c"), definitionKey: digest("e"), layers: [layer], at: 2)
        #expect(try store.stepResult(contentKey: digest("c"))?.layers == [layer])
        #expect(try store.stepResults(definitionKey: digest("d")).isEmpty)
    }

    @Test func `keeps listings of inputs`() throws {
        try store.putInputListing(["a 1\n", "b 2\n"], digest: digest("l"))
        try store.putInputListing(["a 1\n", "b 2\n"], digest: digest("l"))
        let long = (0..<300_000).map { "line \($0)\n" }
        try store.putInputListing(long, digest: digest("long"))
        try store.putInputListing([], digest: digest("empty"))
        func parts(_ name: String, atMost: Int = .max) throws -> [String]? {
            var parts: [String] = []
            let isKnown = try store.forEachPart(ofInputListing: digest(name)) { part in
                parts.append(part)
                return parts.count < atMost
            }
            return isKnown ? parts : nil
        }
        #expect(try parts("l") == ["a 1\nb 2\n"])
        #expect(try parts("m") == nil)
        #expect(try parts("empty") == [""])
        let found = try #require(try parts("long"))
        #expect(found.count > 1 && found.allSatisfy { $0.hasSuffix("\n") && $0.utf8.count < 2 << 20 })
        #expect(found.joined() == long.joined())
        #expect(try parts("long", atMost: 1) == [found[0]])
    }

    private func step(_ name: String, at position: Int, bake: String = "b1") -> BakedStep {
        BakedStep(
            project: "p",
            image: "web",
            step: name,
            position: position,
            definitionKey: digest("def \(name)"),
            contentKey: position == 0 ? nil : digest("con \(name)"),
            definition: #"{"copy":"é"}"#,
            inputs: ["site/": digest("l")],
            state: "baked",
            reason: "the file 'index.html' changed",
            milliseconds: 12,
            bake: bake,
            finishedAt: 34
        )
    }

    @Test func `remembers the steps of the last bake`() throws {
        try store.recordBakedSteps([step("run-2", at: 1), step("copy-1", at: 0)])
        #expect(try store.bakedStep(project: "p", image: "web", step: "run-2") == step("run-2", at: 1))
        #expect(try store.bakedStep(project: "p", image: "api", step: "run-2") == nil)
        try store.recordBakedSteps([step("run-2", at: 2, bake: "b2")])
        #expect(try store.bakedSteps(project: "p").map(\.step) == ["copy-1", "run-2"])
        #expect(try store.bakedSteps(project: "p", image: "web").map(\.bake) == ["b1", "b2"])
        #expect(try store.bakedSteps(project: "p", image: "api").isEmpty)
        #expect(try store.bakedSteps(project: "q").isEmpty)
    }

    @Test func `remembers bakes`() throws {
        try store.beginBake(id: "b1", project: "p", at: 10)
        try store.beginBake(id: "b2", project: "p", at: 11)
        try store.finishBake(id: "b1", status: .done, release: digest("r"), at: 12)
        let bakes = try store.bakes(project: "p")
        #expect(bakes.map(\.id) == ["b2", "b1"])
        #expect(bakes.map(\.status) == [.running, .done])
        #expect(bakes[1].release == digest("r"))
        #expect(bakes[1].finishedAt == 12)
        #expect(bakes[0].finishedAt == nil)
        #expect(try store.bakes(project: "p", limit: 1).map(\.id) == ["b2"])
        #expect(try store.bake(id: "b1")?.startedAt == 10)
        #expect(try store.bake(id: "b3") == nil)
        #expect(throws: StoreError.self) { try store.beginBake(id: "b1", project: "q", at: 13) }
    }

    private func image(_ name: String, _ content: String, at time: Int64, release: Digest? = nil) -> BakedImage {
        BakedImage(
            project: "p",
            image: name,
            identity: digest("id \(content)"),
            manifest: digest("manifest \(content)"),
            bakedAt: time,
            release: release
        )
    }

    @Test func `keeps the history of images`() throws {
        try store.recordImages([image("web", "1", at: 1), image("api", "1", at: 1)])
        try store.recordImages([image("web", "1", at: 2, release: digest("r1"))])
        try store.recordImages([image("web", "2", at: 3, release: digest("r2"))])
        try store.recordImages([image("web", "2", at: 4, release: digest("r3"))])
        try store.recordImages([image("web", "1", at: 5)])
        let history = try store.imageHistory(project: "p", image: "web")
        #expect(history.map(\.bakedAt) == [5, 3, 1])
        #expect(history.map(\.release) == [nil, digest("r2"), digest("r1")])
        #expect(try store.images().map(\.image) == ["api", "web"])
        #expect(try store.images(project: "p").last == image("web", "1", at: 5))
        #expect(try store.images(project: "q").isEmpty)
        #expect(try store.images(identity: digest("id 1")).map(\.image) == ["web", "api", "web"])
    }

    @Test func `keeps releases`() throws {
        let document = try store.putBlob(Array("release".utf8)).digest
        let release = ReleaseRecord(digest: digest("r"), project: "p", parent: nil, createdAt: 1, blob: document)
        try store.recordRelease(release)
        try store.recordRelease(release)
        let child = ReleaseRecord(digest: document, project: "p", parent: digest("r"), createdAt: 2)
        try store.recordRelease(child)
        #expect(try store.releases(project: "p") == [child, release])
        #expect(try store.release(digest("r")) == release)
        #expect(try store.releases(digestPrefix: String(document.hex.prefix(12))) == [child])
        #expect(try store.releases(digestPrefix: "").isEmpty)
        #expect(try store.releases(digestPrefix: "%").isEmpty)
        #expect(throws: StoreError.blobMissing(digest("gone"))) {
            try store.recordRelease(ReleaseRecord(digest: digest("gone"), project: "p", createdAt: 3))
        }
    }
}
