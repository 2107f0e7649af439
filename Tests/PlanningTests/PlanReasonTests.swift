import Bakefiles
import OCI
import Planning
import Store
import SystemIO
import Testing
import TestSupport

@Suite("Why a step runs: the first difference, old to new")
struct PlanReasonTests {
    /// The reason of the first step of the first image, after a bake and a change.
    private func reason(_ before: Step.Action, _ after: Step.Action) throws -> String {
        let workshop = try Workshop([image("web", before)])
        try workshop.bake()
        workshop.images[0].steps[0].action = after
        return try workshop.plan().images[0].steps[0].reason
    }

    @Test func `a field`() throws {
        #expect(try reason(file("/a", "1"), file("/a", "2")) == "'content' changed: '1' → '2'")
        var step = RunStep(command: .shell("true"))
        let before = Step.Action.run(step)
        step.environment["MODE"] = "fast"
        #expect(try reason(before, .run(step)) == "'env.MODE' changed: nothing → 'fast'")
        step.environment = [:]
        step.network = .host
        #expect(try reason(before, .run(step)) == "'network' changed: 'none' → 'host'")
        step.command = .arguments(["true"])
        #expect(try reason(before, .run(step)) == #"'command' changed: 'true' → ["true"]"#)
    }

    @Test func `a line of a script, cut to where it differs`() throws {
        #expect(
            try reason(run("set -e\nmake\n"), run("set -e\nmake install\n"))
                == "'command' changed: line 2 'make' → 'make install'"
        )
        #expect(try reason(run("a\nb"), run("a")) == "'command' changed: line 2 'b' → nothing")
        let same = String(repeating: "word ", count: 30)
        #expect(
            try reason(run(same + "old"), run(same + "new"))
                == "'command' changed: '...d word word old' → '...d word word new'"
        )
        let long = String(repeating: "x", count: 200)
        #expect(
            try reason(run("a"), run(long))
                == "'command' changed: 'a' → '\(String(repeating: "x", count: 60))...'"
        )
        #expect(!(try reason(run("a"), .run(RunStep(command: .arguments(["a\nb"]))))).contains("\n"))
    }

    @Test func `another kind of step at the same address`() throws {
        let workshop = try Workshop([image("web", file("/a", ""))])
        workshop.images[0].steps[0].address = "it"
        try workshop.bake()
        workshop.images[0].steps[0].action = .directory(DirectoryStep(path: "/a"))
        #expect(try workshop.plan().images[0].steps[0].reason == "'content' changed: '' → nothing")
    }

    @Test func `the variable that brought it`() throws {
        let workshop = try Workshop([image("web", run("install 1.2"))])
        workshop.variables = [variable("app", "1.2"), variable("suite", "bookworm")]
        try workshop.bake()
        workshop.variables[0] = variable("app", "1.3")
        workshop.images[0].steps[0].action = run("install 1.3")
        #expect(
            try workshop.plan().images[0].steps[0].reason == "'command' changed: 'install 1.2' → 'install 1.3'",
            "the step does not use it"
        )
        workshop.images[0].steps[0].variables = ["app", "suite"]
        #expect(
            try workshop.plan().images[0].steps[0].reason
                == "'command' changed: 'install 1.2' → 'install 1.3' (variable 'app')"
        )
    }

    @Test func `a variable with characters that JSON escapes`() throws {
        let workshop = try Workshop([image("web", file("/a", "say \"hi\""))])
        workshop.variables = [variable("greeting", "\"hi\"")]
        try workshop.bake()
        workshop.variables[0] = variable("greeting", "\"bye\"")
        workshop.images[0].steps[0].action = file("/a", "say \"bye\"")
        workshop.images[0].steps[0].variables = ["greeting"]
        #expect(try workshop.plan().images[0].steps[0].reason.hasSuffix("(variable 'greeting')"))
    }

    @Test func `a variable that no step uses runs nothing`() throws {
        let workshop = try Workshop([image("web", run("true"))])
        workshop.variables = [variable("app", "1")]
        try workshop.bake()
        workshop.variables = [variable("app", "2")]
        #expect(try !workshop.plan().hasChanges)
    }

    @Test func `the time and the architecture`() throws {
        let workshop = try Workshop([image("web", file("/a", ""))])
        try workshop.bake()
        workshop.timestamp = 86_400
        #expect(try workshop.lines() == ["web:file-1 will run: 'timestamp' changed: 0 → 86400"])
    }

    @Test func `an input whose listing is gone`() throws {
        let workshop = try Workshop([image("web", copy("a"))])
        try workshop.folder.write("1", to: "a")
        try workshop.bake()
        workshop.records.listings = [:]
        try workshop.folder.write("2", to: "a")
        let reason = try workshop.plan().images[0].steps[0].reason
        #expect(reason.hasPrefix("'a' changed: "))
    }

    @Test func `the parent's bytes`() throws {
        let workshop = try Workshop([image("web", from: .rootfs(InputPath(path: "root.tar")), run("true"))])
        try workshop.folder.write("1", to: "root.tar")
        workshop.bytes["web:from"] = "first"
        try workshop.bake()
        // The base has other layers now, for the same key: as after a refresh.
        let key = try #require(workshop.plan().images[0].steps[0].contentKey)
        workshop.records.results[key] = StoredResult(
            contentKey: key.digest,
            definitionKey: key.digest,
            layers: [Digester.digest(of: "second")],
            byteSize: 1,
            createdAt: 0
        )
        #expect(
            try workshop.lines()[1] == "web:run-1 will run: 'from' changed: a7937b64b8ca → 16367aacb67a"
        )
        workshop.images[0].base = .scratch
        #expect(try workshop.lines() == ["web:run-1 will run: 'from' changed: a7937b64b8ca → nothing"])
    }

    @Test func `a record survives its document`() throws {
        let record = StepRecord(
            definition: .object(["a": 1]),
            contentKey: StepKey(Digester.digest(of: "key")),
            parent: [Digester.digest(of: "layer")],
            variables: ["app": "1"]
        )
        #expect(StepRecord(document: record.document) == record)
        for document: JSONValue in [.null, .object([:]), .object(["definition": .null, "contentKey": "sha256:x"])] {
            #expect(StepRecord(document: document) == nil)
        }
    }
}
