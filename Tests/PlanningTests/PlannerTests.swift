import Bakefiles
import Diagnostics
import OCI
import Planning
import Store
import SystemIO
import SystemPackage
import Testing
import TestSupport

private let debian = Base.debian(DebianBase(suite: "bookworm", variant: "apt"))

@Suite("A plan says what a bake will do")
struct PlannerTests {
    private func storefront() throws -> Workshop {
        let workshop = try Workshop([
            image("web", from: debian, run("one"), copy("site"), run("two")),
            image("plain", copy("other")),
        ])
        try workshop.folder.write("index", to: "site/index.html")
        try workshop.folder.write("other", to: "other/file")
        return workshop
    }

    @Test func `nothing is baked yet`() throws {
        let workshop = try storefront()
        let plan = try workshop.plan()
        #expect(plan.hasChanges)
        #expect(
            try workshop.lines() == [
                "web:from will run: not baked before; unpinned", "web:run-1 will run: not baked before",
                "web:copy-1 will run: not baked before", "web:run-2 will run: not baked before",
                "plain:copy-1 will run: not baked before",
            ]
        )
        let steps = plan.images[0].steps
        #expect(steps.map { $0.contentKey != nil } == [true, false, false, false])
        #expect(plan.images[1].steps[0].contentKey != nil)
        #expect(steps[0].title == "debian bookworm (apt)")
        #expect(steps[2].title == "copy site -> /srv/")
    }

    @Test func `a null bake does nothing`() throws {
        let workshop = try storefront()
        #expect(try workshop.bake().count == 5)
        let plan = try workshop.plan()
        #expect(!plan.hasChanges)
        #expect(plan.images.allSatisfy { $0.steps.allSatisfy { $0.contentKey != nil } })
        #expect(try workshop.bake() == [])
        #expect(try workshop.lines()[0] == "web:from cached: unpinned, resolved on 2023-11-14")
        #expect(try workshop.lines()[1] == "web:run-1 cached: unchanged")
    }

    @Test func `one byte re-runs its step and what follows, and the plan names the file`() throws {
        let workshop = try storefront()
        try workshop.bake()
        try workshop.folder.write("indey", to: "site/index.html")
        #expect(
            try workshop.lines().filter { !$0.contains(" cached: ") } == [
                "web:copy-1 will run: 'site/index.html' changed: 1bc04b5291c2 → c5d747a30170",
                "web:run-2 depends: runs if 'copy-1' gives new bytes",
            ]
        )
        #expect(try workshop.bake() == ["web:copy-1", "web:run-2"])
    }

    @Test func `a step that gives the same bytes stops the rebuild there`() throws {
        let workshop = try storefront()
        workshop.bytes["web:copy-1"] = "the same"
        try workshop.bake()
        try workshop.folder.write("indey", to: "site/index.html")
        #expect(try workshop.bake() == ["web:copy-1"])
        #expect(try !workshop.plan().hasChanges)
    }

    @Test func `a definition that has never run will run, whatever its parent gives`() throws {
        let workshop = try storefront()
        try workshop.bake()
        workshop.images[0].steps[0].action = run("other")
        workshop.images[0].steps[2].action = run("three")
        #expect(
            try workshop.lines()[1...3] == [
                "web:run-1 will run: 'command' changed: 'one' → 'other'",
                "web:copy-1 depends: runs if 'run-1' gives new bytes",
                "web:run-2 will run: 'command' changed: 'two' → 'three'",
            ]
        )
    }

    @Test func `the same work in two images is planned once`() throws {
        let workshop = try Workshop([
            image("a", from: debian, run("one"), run("a")), image("b", from: debian, run("one"), run("b")),
        ])
        #expect(
            try workshop.lines() == [
                "a:from will run: not baked before; unpinned", "a:run-1 will run: not baked before",
                "a:run-2 will run: not baked before",
                "b:from depends: the same step as 'a:from', which runs once for both",
                "b:run-1 depends: the same step as 'a:run-1', which runs once for both",
                "b:run-2 will run: not baked before",
            ]
        )
        #expect(try workshop.bake() == ["a:from", "a:run-1", "a:run-2", "b:run-2"])
    }

    @Test func `the same work behind an image and behind its steps is planned once`() throws {
        let workshop = try Workshop([
            image("base", from: debian, run("one")),
            image("a", from: .image("base"), run("two"), copy(fromImage: "base")),
            image("b", from: .image("base"), run("two"), copy(fromImage: "base")),
            image("c", from: debian, run("one"), run("two")),
        ])
        let lines = try workshop.lines().filter { $0.contains("runs once for both") }
        #expect(
            lines.map { $0.prefix { $0 != " " } } == [
                "b:run-1", "b:copy-1", "c:from", "c:run-1", "c:run-2",
            ]
        )
        #expect(try workshop.bake() == ["base:from", "base:run-1", "a:run-1", "a:copy-1"])
    }

    @Test func `an image follows the image that it starts from`() throws {
        let workshop = try Workshop([
            image("web", from: .image("base"), run("two")), image("base", from: debian, run("one")),
        ])
        #expect(try workshop.plan().images.map(\.name) == ["base", "web"])
        try workshop.bake()
        workshop.images[1].steps[0].action = run("other")
        #expect(
            try workshop.lines()[1...] == [
                "base:run-1 will run: 'command' changed: 'one' → 'other'",
                "web:run-1 depends: runs if 'base' gives new bytes",
            ]
        )
        #expect(try workshop.bake() == ["base:run-1", "web:run-1"])
        #expect(try workshop.bake() == [])
    }

    @Test func `a copy from an image follows that image`() throws {
        let workshop = try Workshop([
            image("tools", file("/a", "1")), image("web", file("/b", ""), copy(fromImage: "tools")),
        ])
        try workshop.bake()
        workshop.images[0].steps[0].action = file("/a", "2")
        #expect(
            try workshop.lines() == [
                "tools:file-1 will run: 'content' changed: '1' → '2'", "web:file-1 cached: unchanged",
                "web:copy-1 depends: runs if 'tools' gives new bytes",
            ]
        )
        workshop.bytes["tools:file-1"] = "new"
        try workshop.bake()
        workshop.records.results = workshop.records.results.filter { $0.key != workshop.lastKey("web:copy-1") }
        #expect(try workshop.lines()[2] == "web:copy-1 will run: its result is not in the store any more")
    }

    @Test func `asking for one image plans what it needs and nothing else, in one order`() throws {
        let workshop = try Workshop([
            image("web", from: .image("base"), copy(fromImage: "tools")), image("other", file("/a", "")),
            image("tools", file("/b", "")), image("base", file("/c", "")),
        ])
        workshop.wanted = ["web"]
        #expect(try workshop.plan().images.map(\.name) == ["base", "tools", "web"])
        workshop.wanted = ["other", "tools", "tools"]
        #expect(try workshop.plan().images.map(\.name) == ["other", "tools"])
        workshop.wanted = []
        #expect(try workshop.plan().images.map(\.name) == ["base", "tools", "web", "other"])
    }

    @Test func `a refresh runs what moves, and the rest depends on what that gives`() throws {
        let workshop = try Workshop([
            image("web", from: debian, .packages(PackagesStep(names: ["nginx"])), run("one")),
            image("plain", file("/a", "")),
        ])
        workshop.bytes = ["web:from": "root", "web:packages-1": "nginx"]
        try workshop.bake()
        #expect(try workshop.plan().images[0].steps.map { $0.resolvedAt != nil } == [true, true, false])
        workshop.refresh = true
        #expect(
            try workshop.lines() == [
                "web:from will run: '--refresh' resolves it anew",
                "web:packages-1 will run: '--refresh' resolves it anew",
                "web:run-1 depends: runs if 'packages-1' gives new bytes", "plain:file-1 cached: unchanged",
            ]
        )
    }

    @Test func `local packages move with what they depend on`() throws {
        let workshop = try Workshop([
            image("a", .packages(PackagesStep(names: [], files: [InputPath(path: "a.deb")])))
        ])
        try workshop.folder.write("deb", to: "a.deb")
        try workshop.bake()
        #expect(try workshop.lines() == ["a:packages-1 cached: unpinned, resolved on 2023-11-14"])
        workshop.refresh = true
        #expect(try workshop.lines() == ["a:packages-1 will run: '--refresh' resolves it anew"])
    }

    /// The image's own row, as `name state: reason`.
    private func configs(_ workshop: Workshop) throws -> [String] {
        try workshop.plan().images.compactMap { image in
            image.config.map { "\(image.name) \($0.state.word): \($0.reason)" }
        }
    }

    @Test func `what an image says beside its layers is planned too`() throws {
        let workshop = try Workshop([
            image("base", file("/a", "1")), image("web", from: .image("base"), file("/b", "")),
        ])
        workshop.images[0].config.labels = ["tier": "one"]
        #expect(try configs(workshop) == ["base will run: not baked before", "web will run: not baked before"])
        try workshop.bake()
        #expect(try !workshop.plan().hasChanges)

        // No step changes, and yet it is another image.
        workshop.images[0].config.labels = ["tier": "two"]
        #expect(try workshop.lines().allSatisfy { $0.hasSuffix(" cached: unchanged") })
        let lines = try configs(workshop)
        #expect(lines[0] == "base will run: 'config.labels.tier' changed: 'one' → 'two'")
        #expect(lines[1].hasPrefix("web will run: 'base' changed: "))
        #expect(try workshop.plan().hasChanges)
        try workshop.bake()
        #expect(try configs(workshop) == ["base cached: unchanged", "web cached: unchanged"])

        workshop.bytes["base:file-1"] = "new"
        workshop.images[0].steps[0].action = file("/a", "2")
        #expect(
            try configs(workshop) == [
                "base depends: made anew if 'file-1' gives new bytes",
                "web depends: made anew if 'file-1' gives new bytes",
            ]
        )
    }

    @Test func `a step that is gone makes another image of cached steps`() throws {
        let workshop = try Workshop([image("web", file("/a", ""), file("/b", ""))])
        try workshop.bake()
        workshop.images[0].steps.removeLast()
        #expect(try workshop.lines() == ["web:file-1 cached: unchanged"])
        #expect(try configs(workshop)[0].hasPrefix("web will run: 'steps' changed: "))
    }

    @Test func `the stamp is an input of the images that take it`() throws {
        let workshop = try Workshop([image("plain", file("/a", "")), image("web", file("/a", ""))])
        workshop.images[1].config.stamp = true
        workshop.stamp = ["org.opencontainers.image.revision": "abc"]
        try workshop.bake()
        #expect(try !workshop.plan().hasChanges)
        workshop.stamp = ["org.opencontainers.image.revision": "def"]
        let plan = try workshop.plan()
        #expect(plan.hasChanges)
        #expect(plan.images.map { $0.config?.stamp } == [nil, ["org.opencontainers.image.revision": "def"]])
        #expect(
            try configs(workshop) == [
                "plain cached: unchanged",
                "web will run: 'stamp.org.opencontainers.image.revision' changed: 'abc' → 'def'",
            ]
        )
    }

    @Test func `every field of a config is in its definition`() throws {
        let workshop = try Workshop([image("web")])
        var seen: Set<StepKey> = []
        func expectNew(_ what: String) throws {
            let key = try #require(try workshop.plan().images[0].config?.definition.key)
            #expect(seen.insert(key).inserted, "\(what)")
        }
        try expectNew("nothing")
        let changes: [(String, (inout ImageSettings) -> Void)] = [
            ("user", { $0.user = "a" }), ("workdir", { $0.workingDirectory = "/a" }),
            ("entrypoint", { $0.entrypoint = ["a"] }), ("cmd", { $0.command = ["a"] }),
            ("env", { $0.environment = ["A": "a"] }), ("ports", { $0.ports = ["80/tcp"] }),
            ("volumes", { $0.volumes = ["/v"] }), ("labels", { $0.labels = ["a": "b"] }),
            ("stop-signal", { $0.stopSignal = "SIGTERM" }), ("stop-timeout", { $0.stopTimeout = 3 }),
            ("healthcheck", { $0.healthcheck = .init(test: ["NONE"]) }),
            ("retries", { $0.healthcheck?.retries = 3 }), ("interval", { $0.healthcheck?.interval = 3 }),
            ("timeout", { $0.healthcheck?.timeout = 3 }), ("start-period", { $0.healthcheck?.startPeriod = 3 }),
            ("shell", { $0.shell = ["/bin/sh"] }), ("on-build", { $0.onBuild = ["RUN a"] }),
            ("author", { $0.author = "a" }), ("stamp", { $0.stamp = true }),
        ]
        for (name, change) in changes {
            change(&workshop.images[0].config)
            try expectNew(name)
        }
        workshop.images[0].machine = .object(["size": "4GiB"])
        try expectNew("machine")
        workshop.images[0].kind = .ami
        try expectNew("kind")
        workshop.timestamp = 1
        try expectNew("T")
    }

    /// The cache is asked for by the names that the kernel gives, which a Bakefile's need not be.
    @Test(arguments: ["/usr/lib/../bin", "/usr/bin"])
    func `a context that is named through '..' is read once`(_ context: String) throws {
        let folder = try TemporaryFolder()
        let store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        let bakefile = Bakefile(
            path: "Bakefile",
            folder: folder.path,
            project: "test",
            contexts: ["tools": FilePath(context)],
            images: [
                image(
                    "web",
                    .copy(CopyStep(source: .files([InputPath(context: "tools", path: "env")]), destination: "/env"))
                )
            ]
        )
        var learned: [String] = []
        func plan() throws {
            _ = try Planner.plan(
                bakefile,
                store: store,
                environment: [:],
                learn: {
                    learned += $0.map { String(decoding: $0.path, as: UTF8.self) }
                    try Planner.remember($0, in: store)
                }
            )
        }
        try plan()
        #expect(learned == ["/usr/bin/env"])
        try plan()
        #expect(learned == ["/usr/bin/env"])
    }

    @Test func `an OCI layout counts by the image's digest`() throws {
        let workshop = try Workshop([image("a", from: .oci(path: InputPath(path: "layout"), tag: "one"))])
        func write(_ tags: [(String, String)], note: String) throws {
            let manifests = tags.map { tag, text in
                #"{"digest":"\#(Digester.digest(of: text))","annotations":{"org.opencontainers.image.ref.name":"\#(tag)"}}"#
            }
            try workshop.folder.write(
                #"{"note":"\#(note)","manifests":[\#(manifests.joined(separator: ","))]}"#,
                to: "layout/index.json"
            )
        }
        try write([("one", "1"), ("two", "2")], note: "")
        try workshop.bake()
        try write([("one", "1"), ("two", "3")], note: "other")
        #expect(try !workshop.plan().hasChanges)
        try write([("one", "3")], note: "")
        #expect(try workshop.lines() == ["a:from will run: 'layout' changed: 6b86b273ff34 → 4e07408562be"])
    }

    @Test func `dates are civil dates in UTC`() {
        #expect(utcDate(0) == "1970-01-01")
        #expect(utcDate(-1) == "1969-12-31")
        #expect(utcDate(951_782_400) == "2000-02-29")
        #expect(utcDate(4_107_542_400) == "2100-03-01")
    }
}

extension Workshop {
    fileprivate func lastKey(_ name: String) -> StepKey? { records.last[name]?.contentKey }
}
