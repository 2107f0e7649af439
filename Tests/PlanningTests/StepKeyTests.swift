import Bakefiles
import OCI
import Planning
import SystemIO
import Testing
import TestSupport

/// A value with each of its fields changed once; a field that is forgotten here fails the test.
private func expectKeysToDiffer<Value>(
    _ base: Value,
    _ changes: [(field: String, change: (inout Value) -> Void)],
    at location: SourceLocation = #_sourceLocation,
    key: (Value) -> StepKey
) {
    let fields = Set(Mirror(reflecting: base).children.compactMap(\.label))
    #expect(fields == Set(changes.map(\.field)), "every field has a change", sourceLocation: location)
    var seen: [StepKey: String] = [key(base): "nothing"]
    for (field, change) in changes {
        var value = base
        change(&value)
        let other = seen.updateValue(field, forKey: key(value))
        #expect(other == nil, "'\(field)' and '\(other ?? "")' give the same key", sourceLocation: location)
    }
}

private func key(_ action: Step.Action) -> StepKey { key(action.kind, action.fields) }

private func key(_ kind: String, _ fields: JSONValue) -> StepKey {
    StepDefinition(kind: kind, fields: fields, inputs: [:], timestamp: 0, architecture: "amd64").key
}

@Suite("Every field of a step is in its key")
struct StepKeyTests {
    @Test func `row 28: every field of run steps is in the key`() {
        expectKeysToDiffer(
            RunStep(command: .shell("true")),
            [
                ("command", { $0.command = .shell("false") }), ("command", { $0.command = .arguments(["true"]) }),
                ("environment", { $0.environment = ["A": "1"] }), ("environment", { $0.environment = ["A": ""] }),
                ("workingDirectory", { $0.workingDirectory = "/srv" }), ("user", { $0.user = "33" }),
                ("network", { $0.network = .host }),
                ("secrets", { $0.secrets = [.init(name: "a", target: .file("/run/secrets/a"))] }),
                ("secrets", { $0.secrets = [.init(name: "b", target: .file("/run/secrets/a"))] }),
                ("secrets", { $0.secrets = [.init(name: "a", target: .variable("/run/secrets/a"))] }),
                ("caches", { $0.caches = [.init(id: "a", target: "/var/cache")] }),
                ("caches", { $0.caches = [.init(id: "b", target: "/var/cache")] }),
                ("caches", { $0.caches = [.init(id: "a", target: "/var/tmp")] }),
            ]
        ) { key(.run($0)) }
    }

    @Test func `copy steps`() {
        let path = InputPath(path: "site")
        expectKeysToDiffer(
            CopyStep(source: .files([path]), destination: "/srv"),
            [
                ("source", { $0.source = .files([path, path]) }),
                ("source", { $0.source = .files([InputPath(context: "assets", path: "site")]) }),
                ("source", { $0.source = .files([InputPath(path: "assets:site")]) }),
                ("source", { $0.source = .image(name: "site", path: "/") }),
                ("source", { $0.source = .image(name: "site", path: "/srv") }),
                ("destination", { $0.destination = "/srv/" }), ("owner", { $0.owner = Ownership(user: "0") }),
                ("owner", { $0.owner = Ownership(user: "0", group: "0") }), ("mode", { $0.mode = 0o644 }),
                ("mode", { $0.mode = 0o4755 }), ("exclude", { $0.exclude = ["*.md"] }),
                ("exclude", { $0.exclude = ["*.md", "!a.md"] }), ("exclude", { $0.exclude = ["!a.md", "*.md"] }),
            ]
        ) { key(.copy($0)) }
    }

    @Test func `file steps`() {
        expectKeysToDiffer(
            FileStep(path: "/a", content: "text"),
            [
                ("path", { $0.path = "/b" }), ("content", { $0.content = "text\n" }),
                ("owner", { $0.owner = Ownership(user: "www-data") }), ("mode", { $0.mode = 0o600 }),
            ]
        ) { key(.file($0)) }
    }

    @Test func `unpack steps`() {
        expectKeysToDiffer(
            UnpackStep(archive: InputPath(path: "a.tar"), destination: "/"),
            [
                ("archive", { $0.archive = InputPath(path: "b.tar") }), ("destination", { $0.destination = "/opt" }),
                ("owner", { $0.owner = Ownership(user: "0") }), ("stripComponents", { $0.stripComponents = 1 }),
            ]
        ) { key(.unpack($0)) }
    }

    @Test func `packages steps`() {
        expectKeysToDiffer(
            PackagesStep(names: ["nginx"]),
            [
                ("names", { $0.names = ["nginx-light"] }), ("names", { $0.names = ["nginx", "curl"] }),
                ("files", { $0.files = [InputPath(path: "a.deb")] }), ("recommends", { $0.recommends = true }),
                ("sources", { $0.sources = [source] }), ("digest", { $0.digest = Digester.digest(of: "deb") }),
            ]
        ) { key(.packages($0)) }
        expectKeysToDiffer(
            source,
            [
                ("name", { $0.name = "other" }), ("uri", { $0.uri = "https://other.example" }),
                ("suite", { $0.suite = "trixie" }), ("components", { $0.components = ["main", "contrib"] }),
                ("key", { $0.key = InputPath(path: "other.asc") }), ("keep", { $0.keep = true }),
            ]
        ) { key(.packages(PackagesStep(names: [], sources: [$0]))) }
    }

    private let source = PackagesStep.Source(
        name: "extra",
        uri: "https://packages.example",
        suite: "bookworm",
        components: ["main"],
        key: InputPath(path: "extra.asc")
    )

    @Test func `delete, symlink and directory`() {
        expectKeysToDiffer(
            DeleteStep(patterns: ["/a"]),
            [("patterns", { $0.patterns = ["/b"] }), ("ignoreMissing", { $0.ignoreMissing = true })]
        ) { key(.delete($0)) }
        expectKeysToDiffer(
            SymlinkStep(path: "/a", target: "b"),
            [("path", { $0.path = "/b" }), ("target", { $0.target = "/b" })]
        ) { key(.symlink($0)) }
        expectKeysToDiffer(
            DirectoryStep(path: "/a"),
            [
                ("path", { $0.path = "/b" }), ("owner", { $0.owner = Ownership(user: "1") }),
                ("mode", { $0.mode = 0o700 }),
            ]
        ) { key(.directory($0)) }
    }

    @Test func `user steps`() {
        expectKeysToDiffer(
            UserStep(name: "app"),
            [
                ("name", { $0.name = "web" }), ("uid", { $0.uid = 0 }), ("gid", { $0.gid = 0 }),
                ("groups", { $0.groups = ["docker"] }), ("home", { $0.home = "/home/app" }),
                ("shell", { $0.shell = "/bin/sh" }), ("comment", { $0.comment = "App" }),
                ("isSystem", { $0.isSystem = true }), ("createsHome", { $0.createsHome = false }),
            ]
        ) { key(.user($0)) }
    }

    @Test func `the base`() throws {
        expectKeysToDiffer(
            DebianBase(suite: "bookworm", variant: "apt"),
            [
                ("suite", { $0.suite = "trixie" }), ("variant", { $0.variant = "important" }),
                ("mirror", { $0.mirror = "https://mirror.example" }),
                ("keyring", { $0.keyring = InputPath(path: "keys.gpg") }),
                ("components", { $0.components = ["main", "contrib"] }),
            ]
        ) { key("from", Base.debian($0).fields ?? .null) }
        let path = InputPath(path: "a")
        let bases: [Base] = [
            .oci(path: path, tag: nil), .oci(path: path, tag: "a"), .dockerArchive(path: path, tag: nil),
            .dockerArchive(path: path, tag: "a"), .rootfs(path), .rootfs(InputPath(context: "a", path: "a")),
            .registry(Reference(registry: "h.example", repository: "a")),
            .registry(Reference(registry: "h.example", repository: "a", tag: "1")),
            .registry(Reference(registry: "h.example", repository: "a"), verify: [path]),
            .registry(Reference(registry: "h.example", repository: "a"), verify: [InputPath(path: "b")]),
            .registry(Reference(registry: "h.example", repository: "a"), verify: [path, InputPath(path: "b")]),
        ]
        #expect(Set(try bases.map { key("from", try #require($0.fields)) }).count == bases.count)
        // What a root tar gave when its times were cut to seconds is not taken for what it gives now.
        #expect(key("from", try #require(Base.rootfs(path).fields)) != key("from", .object(["rootfs": "a"])))
    }

    @Test func `time, architecture, kind and inputs`() {
        func definition(
            kind: String = "run",
            inputs: [String: Digest] = [:],
            timestamp: Int64 = 0,
            architecture: String = "amd64"
        ) -> StepKey {
            StepDefinition(
                kind: kind,
                fields: .object([:]),
                inputs: inputs,
                timestamp: timestamp,
                architecture: architecture
            ).key
        }
        let digest = Digester.digest(of: "a")
        let keys = [
            definition(), definition(kind: "copy"), definition(timestamp: 1), definition(architecture: "arm64"),
            definition(inputs: ["a": digest]), definition(inputs: ["b": digest]),
            definition(inputs: ["a": Digester.digest(of: "b")]),
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test func `T is in the key of every kind of step`() throws {
        let workshop = try Workshop([
            image(
                "all",
                from: .debian(DebianBase(suite: "bookworm", variant: "apt")),
                run("true"),
                copy("a"),
                file("/b", ""),
                .unpack(UnpackStep(archive: InputPath(path: "a"), destination: "/")),
                .packages(PackagesStep(names: ["nginx"])),
                .delete(DeleteStep(patterns: ["/a"])),
                .symlink(SymlinkStep(path: "/a", target: "b")),
                .directory(DirectoryStep(path: "/c")),
                .user(UserStep(name: "app"))
            )
        ])
        try workshop.folder.write("a", to: "a")
        let before = try workshop.plan().images[0].steps.map(\.definitionKey)
        workshop.timestamp = 1
        let after = try workshop.plan().images[0].steps.map(\.definitionKey)
        #expect(before.count == 10)
        #expect(Set(before + after).count == 20)
    }

    @Test func `content keys tell the parent's layers from another image's, and their order`() {
        let definition = StepKey(definition: .string("step"))
        let (a, b) = (Digester.digest(of: "a"), Digester.digest(of: "b"))
        let keys = [
            StepKey(definition: definition, parent: []), StepKey(definition: definition, parent: [a]),
            StepKey(definition: definition, parent: [a, b]), StepKey(definition: definition, parent: [b, a]),
            StepKey(definition: definition, parent: [a], others: [[b]]),
            StepKey(definition: definition, parent: [a, b], others: [[]]),
            StepKey(definition: definition, parent: [], others: [[a]]),
        ]
        #expect(Set(keys).count == keys.count)
    }

    /// A key that changes by itself would make every store useless: a new release must not do that unawares.
    @Test func `a definition's document and key are golden`() {
        let definition = StepDefinition(
            kind: "file",
            fields: Step.Action.file(FileStep(path: "/etc/motd", content: "hé\n")).fields,
            inputs: [:],
            timestamp: 1_700_000_000,
            architecture: "amd64"
        )
        #expect(
            definition.document.canonicalText == #"""
                {"architecture":"amd64","format":1,"inputs":{},"kind":"file","step":{"content":"hé\n","mode":"0644","path":"/etc/motd"},"timestamp":1700000000}
                """#
        )
        #expect(definition.key == StepKey(Digester.digest(of: definition.document.canonicalText)))
        #expect(definition.key.description == "sha256:c2c16f92a5802f6d2e5265aa2073956e2e222cb7db4e4f8f328e7921f25a624f")
    }
}
