import Bakefiles
import Baking
import Planning
import Store
import SystemPackage
import TestSupport
import Testing

/// What a second bake does: nothing, or only what changed.
@Suite struct CachingTests {
    private func site() -> Image {
        BakeHarness.image(
            "web",
            [
                .directory(DirectoryStep(path: "/srv")),
                .copy(CopyStep(source: .files([InputPath(path: "site")]), destination: "/srv")),
                .file(FileStep(path: "/etc/motd", content: "hello\n")),
            ]
        )
    }

    @Test func `a null bake runs nothing`() async throws {
        let harness = try BakeHarness()
        try harness.temporary.write("one", to: "work/site/index.html")
        let first = try await harness.bake([site()])
        #expect(first.ended == ["web:directory-1 ran", "web:copy-1 ran", "web:file-1 ran"])
        #expect(try harness.plan([site()]).images[0].steps.map(\.state) == [.cached, .cached, .cached])
        let second = try await harness.bake([site()])
        #expect(second.ended == ["web:directory-1 cached", "web:copy-1 cached", "web:file-1 cached"])
        #expect(second.result.images[0].finished == first.result.images[0].finished)
    }

    @Test func `a changed byte runs its step and what follows, as the plan says`() async throws {
        let harness = try BakeHarness()
        try harness.temporary.write("one", to: "work/site/index.html")
        _ = try await harness.bake([site()])
        try harness.temporary.write("two", to: "work/site/index.html")
        let steps = try harness.plan([site()]).images[0].steps
        #expect(steps.map(\.state) == [.cached, .willRun, .depends(on: "copy-1")])
        #expect(steps[1].reason.hasPrefix("'site/index.html' changed: "))
        let (_, ended) = try await harness.bake([site()])
        #expect(ended == ["web:directory-1 cached", "web:copy-1 ran", "web:file-1 ran"])
    }

    @Test func `a parent that is rebuilt to the same bytes stops the rebuild there`() async throws {
        let harness = try BakeHarness()
        let one = BakeHarness.image(
            "web",
            [.file(FileStep(path: "/a", content: "x")), .file(FileStep(path: "/b", content: "y"))]
        )
        _ = try await harness.bake([one])
        // Another definition that gives the same layer: the owner is root either way.
        let same = BakeHarness.image(
            "web",
            [
                .file(FileStep(path: "/a", content: "x", owner: Ownership(user: "0", group: "0"))),
                .file(FileStep(path: "/b", content: "y")),
            ]
        )
        #expect(try harness.plan([same]).images[0].steps.map(\.state) == [.willRun, .depends(on: "file-1")])
        let (_, ended) = try await harness.bake([same])
        #expect(ended == ["web:file-1 ran", "web:file-2 cached"])
    }

    @Test func `a failing step skips what follows and what depends on it, and nothing else`() async throws {
        let harness = try BakeHarness()
        let base = BakeHarness.image(
            "base",
            [.delete(DeleteStep(patterns: ["/nothing"])), .file(FileStep(path: "/a", content: ""))]
        )
        let app = BakeHarness.image("app", from: .image("base"), [.file(FileStep(path: "/b", content: ""))])
        let other = BakeHarness.image("other", [.file(FileStep(path: "/c", content: ""))])
        let (result, ended) = try await harness.bake([base, app, other])
        #expect(!result.succeeded)
        #expect(result.images.map(\.name) == ["other"])
        #expect(
            ended.sorted() == [
                "app:file-1 skipped for base:delete-1",
                "base:delete-1 the image has no '/nothing'\n  fix: write 'missing: ignore' if that is fine",
                "base:file-1 skipped for base:delete-1", "other:file-1 ran",
            ]
        )
    }

    @Test func `the same step in two images runs once`() async throws {
        let harness = try BakeHarness()
        let step = Step.Action.file(FileStep(path: "/a", content: "shared"))
        let images = [BakeHarness.image("one", [step]), BakeHarness.image("two", [step])]
        #expect(try harness.plan(images).images.map { $0.steps[0].state } == [.willRun, .depends(on: "one:file-1")])
        let (_, ended) = try await harness.bake(images)
        #expect(ended.filter { $0.hasSuffix(" ran") }.count == 1)
        #expect(ended.count == 2)
    }

    @Test func `T is in every key`() async throws {
        let harness = try BakeHarness()
        let image = BakeHarness.image("one", [.file(FileStep(path: "/a", content: "x"))])
        _ = try await harness.bake([image], timestamp: 0)
        let step = try harness.plan([image], timestamp: 7).images[0].steps[0]
        #expect(step.state == .willRun)
        #expect(step.reason == "'timestamp' changed: 0 → 7")
    }

    @Test func `a step that two images share fails once`() async throws {
        let harness = try BakeHarness()
        let steps: [Step.Action] = [
            .delete(DeleteStep(patterns: ["/nothing"])), .file(FileStep(path: "/a", content: "")),
        ]
        let (result, ended) = try await harness.bake([
            BakeHarness.image("one", steps), BakeHarness.image("two", steps),
        ])
        #expect(result.failures.count == 1)
        #expect(ended.filter { $0.contains("the image has no '/nothing'") }.count == 1)
        let first = try #require(result.failures.first?.step)
        let other = first.image == "one" ? "two" : "one"
        #expect(
            Set(ended.filter { $0.contains(" skipped for ") }) == [
                "\(first.image):file-1 skipped for \(first)", "\(other):delete-1 skipped for \(first)",
                "\(other):file-1 skipped for \(first)",
            ]
        )
    }

    @Test func `what comes before a copy from a failed image is done and kept`() async throws {
        let harness = try BakeHarness()
        let tools = BakeHarness.image("tools", [.delete(DeleteStep(patterns: ["/nothing"]))])
        let app = BakeHarness.image(
            "app",
            [
                .file(FileStep(path: "/a", content: "")),
                .copy(CopyStep(source: .image(name: "tools", path: "/x"), destination: "/x")),
                .file(FileStep(path: "/b", content: "")),
            ]
        )
        let (result, ended) = try await harness.bake([app, tools])
        #expect(!result.succeeded)
        #expect(
            ended.filter { $0.hasPrefix("app:") } == [
                "app:file-1 ran", "app:copy-1 skipped for tools:delete-1", "app:file-2 skipped for tools:delete-1",
            ]
        )
        let steps = try #require(try harness.plan([app, tools]).image(named: "app")?.steps)
        #expect(steps[0].state == .cached)
        // It is remembered for the reasons of the next plan, too.
        #expect(try harness.store.bakedStep(project: "test", image: "app", step: "file-1")?.state == "ran")
    }
}
