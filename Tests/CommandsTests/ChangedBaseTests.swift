import Bakefiles
import Baking
import Diagnostics
import OCI
import Planning
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// A base that is another one by the time it is imported: its layers would be kept under the key of the first.
@Suite("A base that changes while the bake runs")
struct ChangedBaseTests {
    private let temporary: TemporaryFolder
    private let work: FilePath
    private let store: ArtifactStore

    init() throws {
        temporary = try TemporaryFolder()
        work = try temporary.makeFolder("work")
        store = try ArtifactStore.open(at: temporary.file("store"), mode: .readWrite)
    }

    /// Plans, makes the change, and imports as the bake does.
    private func problem(with base: Base, after change: () async throws -> Void) async throws -> String? {
        let place = SourcePlace(file: "Bakefile", line: 1, column: 1)
        let image = Image(name: "web", kind: .docker, place: place, base: base, basePlace: place)
        let bakefile = Bakefile(path: "Bakefile", folder: work, project: "test", images: [image])
        let plan = try Planner.plan(bakefile, store: store, environment: [:])
        try await change()
        let options = BakeRecipe.Options(jobs: 1, worker: "/nonexistent", environment: [:])
        let recipe = BakeRecipe(bakefile: bakefile, store: store, options: options) { _ in }
        let assembler = ImageAssembler(recipe: recipe, plan: plan, stamp: [:])
        do {
            _ = try await assembler.importBase(
                base,
                Platform.host,
                plan.images[0].steps[0].inputs,
                bakefile,
                store
            )
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func writeRoot(_ text: String) async throws {
        try temporary.write(text, to: "root/etc/motd")
        let root = temporary.file("root").string
        try await requireTool("tar", ["-cf", work.appending("root.tar").string, "-C", root, "etc"])
    }

    @Test func `a root tar is refused, and one that did not change is not`() async throws {
        try await writeRoot("one")
        let base = Base.rootfs(InputPath(path: "root.tar"))
        #expect(try await problem(with: base) {} == nil)
        let problem = try await problem(with: base) { try await writeRoot("two") }
        #expect(
            problem == "'root.tar' changed while the bake ran\n  fix: bake again when nothing writes to it"
        )
    }

    @Test func `so is a Docker archive, also where it is no archive any more`() async throws {
        try temporary.write("first", to: "work/image.tar")
        let problem = try await problem(with: .dockerArchive(path: InputPath(path: "image.tar"), tag: nil)) {
            try temporary.write("second", to: "work/image.tar")
        }
        #expect(problem?.hasPrefix("'image.tar' changed while the bake ran\n") == true, "\(problem ?? "")")
    }

    @Test func `so is a layout whose tag names another image`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        try await kitchen.run("export", "site", "--format", "oci", "--to", work.appending("layout").string)
        let index = work.appending("layout/index.json")
        let bytes = try Files.read(index)
        let base = Base.oci(path: InputPath(path: "layout"), tag: nil)
        #expect(try await problem(with: base) {} == nil)
        // What the plan saw was another image; the import finds this one.
        let entry = try #require(JSONValue.parse(bytes)["manifests"]?.arrayValue?.first?["digest"]?.stringValue)
        let other = "sha256:" + String(repeating: "0", count: 64)
        let text = String(decoding: bytes, as: UTF8.self).replacing(entry, with: other)
        try AtomicFile.write(Array(text.utf8), to: index)
        let problem = try await problem(with: base) { try AtomicFile.write(bytes, to: index) }
        #expect(problem?.hasPrefix("'layout' changed while the bake ran\n") == true, "\(problem ?? "")")
    }
}
