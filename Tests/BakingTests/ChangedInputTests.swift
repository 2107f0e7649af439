import Bakefiles
import Glibc
import Planning
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Baking

/// Inputs that are written to between the plan and their step.
@Suite("What changes while the bake runs is not kept under the planned key")
struct ChangedInputTests {
    private func archive(_ harness: BakeHarness, _ text: String) async throws {
        try harness.temporary.write(text, to: "source/app")
        let source = harness.temporary.file("source").string
        try await requireTool("tar", ["-cf", harness.work.appending("app.tar").string, "-C", source, "app"])
    }

    @Test func `an archive is refused, and its first content is baked when it is back`() async throws {
        let harness = try BakeHarness()
        let unpack = UnpackStep(archive: InputPath(path: "app.tar"), destination: "/opt")
        let image = BakeHarness.image("web", [.unpack(unpack)])
        try await archive(harness, "one")
        let plan = try harness.plan([image])
        try await archive(harness, "two")
        let message = "'app.tar' changed while the bake ran\n  fix: bake again when nothing writes to it"
        #expect(try await harness.bake([image], plan: plan).ended == ["web:unpack-1 \(message)"])

        // Nothing was kept for the key of the first content.
        try await archive(harness, "one")
        let (result, ended) = try await harness.bake([image])
        #expect(ended == ["web:unpack-1 ran"])
        let root = try LayerCatalog(store: harness.store).root(of: result.images[0].layers)
        #expect(try root.contents(of: "/opt/app", limit: 100) == Array("one".utf8))
    }

    @Test func `an archive that is half written is said to change, not to be damaged`() async throws {
        let harness = try BakeHarness()
        let unpack = UnpackStep(archive: InputPath(path: "app.tar"), destination: "/opt")
        let image = BakeHarness.image("web", [.unpack(unpack)])
        try await archive(harness, "one")
        let plan = try harness.plan([image])
        try harness.temporary.write("no archive", to: "work/app.tar")
        let ended = try await harness.bake([image], plan: plan).ended
        #expect(ended[0].hasPrefix("web:unpack-1 'app.tar' changed while the bake ran\n"), "\(ended)")
    }

    @Test func `programs get copies of what the plan digested, under the step's names`() throws {
        let harness = try BakeHarness()
        let step = PackagesStep(names: [], files: [InputPath(path: "debs/a.deb"), InputPath(path: "current.deb")])
        let image = BakeHarness.image("web", [.packages(step)])
        try harness.temporary.write("a", to: "work/debs/a.deb")
        let link = harness.work.appending("current.deb")
        #expect(link.withPlatformString { Glibc.symlink("debs/a.deb", $0) } == 0)
        let inputs = try harness.plan([image]).images[0].steps[0].inputs
        let bakefile = harness.bakefile([image])
        let copies = try InputCopies(of: inputs, for: bakefile, in: harness.temporary.file("copies"))
        #expect(copies[step.files[0]].lastComponent?.string == "a.deb")
        #expect(copies[step.files[1]].lastComponent?.string == "current.deb")
        try harness.temporary.write("b", to: "work/debs/a.deb")
        #expect(try Files.read(copies[step.files[0]]) == Array("a".utf8))
        let error = #expect(throws: StepError.self) {
            try InputCopies(of: inputs, for: bakefile, in: harness.temporary.file("more"))
        }
        #expect(error?.message == "'debs/a.deb' changed while the bake ran")
    }
}
