import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What commands write, and where.
@Suite("A command")
struct OutputTests {
    @Test func `of init leaves a file alone that is there`() async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(["init"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: 'Bakefile' exists already [bakefile-exists]
                  fix: remove it, or name another file with '--file FILE'

                """
        )
        // Beside each other the two names would be an error of every other command.
        let beside = try await kitchen.ovenbird(["init", "--file", "./Bakefile.yaml"])
        #expect(beside.status == 2)
        #expect(beside.error.hasPrefix("error: './Bakefile' exists already [bakefile-exists]\n"), "\(beside.error)")
        try await kitchen.run("init", "--file", "other.yaml")
        try Files.removeFile(kitchen.work.file("Bakefile"))
        try await kitchen.run("init")
        try await kitchen.run("check")
        try await kitchen.run("bake")
    }

    @Test func `has its result on standard output and all else on standard error`() async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(["bake", "--first", "--format", "json"])
        #expect(result.status == 0)
        let release = try JSONValue.parse(result.output)
        #expect(try release == kitchen.release())
        #expect(result.error.contains("Z site:pages done in "))
        #expect(!result.error.contains("\u{1b}"))
        let quiet = try await kitchen.ovenbird(["bake", "--progress", "quiet"])
        #expect(quiet.error == "")
    }

    @Test func `colours what it is told to`() async throws {
        let kitchen = try await Kitchen()
        #expect(try await !kitchen.run("plan").contains("\u{1b}"))
        #expect(try await kitchen.run("plan", "--color", "always").contains("\u{1b}[33mwill run"))
        let result = try await kitchen.ovenbird(["plam", "--color=always"])
        #expect(result.error.hasPrefix("\u{1b}[31merror:\u{1b}[0m"))
    }

    @Test func `whose reader has gone ends without a word`() async throws {
        let kitchen = try await Kitchen()
        let script = "{ \"$0\" schema; echo $? >status; } | true"
        let result = try await kitchen.ovenbird([], through: ["sh", "-c", "sleep 0; \(script)"])
        #expect(result.error == "")
    }

    @Test func `of plan says with its status whether a bake would run something`() async throws {
        let kitchen = try await Kitchen()
        #expect(try await kitchen.ovenbird(["plan"]).status == 0)
        #expect(try await kitchen.ovenbird(["plan", "--detailed-exitcode"]).status == 10)
        try await kitchen.run("bake", "--first")
        #expect(try await kitchen.ovenbird(["plan", "--detailed-exitcode"]).status == 0)
    }

    @Test func `of schema describes what the others write`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        try kitchen.work.write(try await kitchen.run("schema", "plan"), to: "plan.schema.json")
        try kitchen.work.write(try await kitchen.run("schema", "release"), to: "release.schema.json")
        try kitchen.work.write(try await kitchen.run("schema"), to: "bakefile.schema.json")
        try kitchen.work.write(try await kitchen.run("plan", "--format", "json"), to: "plan.json")
        let program = """
            import json, jsonschema
            for document in ["plan", "out/release"]:
                schema = json.load(open(document.split("/")[-1] + ".schema.json"))
                jsonschema.Draft202012Validator.check_schema(schema)
                jsonschema.Draft202012Validator(schema).validate(json.load(open(document + ".json")))
            jsonschema.Draft202012Validator.check_schema(json.load(open("bakefile.schema.json")))
            """
        try await requireTool("python3", ["-c", program], in: kitchen.work.path)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `of completions gives a script that the shell takes`(shell: String) async throws {
        let kitchen = try await Kitchen()
        let script = try await kitchen.run("completions", shell)
        #expect(script.contains("detailed-exitcode"))
        guard hasTool(shell) else { return }
        try kitchen.work.write(script, to: "script")
        try await requireTool(shell, ["-n", "script"], in: kitchen.work.path)
    }

    @Test func `of doctor names every ability`() async throws {
        let kitchen = try await Kitchen()
        let document = try JSONValue.parse(Array(try await kitchen.run("doctor", "--format", "json").utf8))
        let findings = try #require(document["findings"]?.arrayValue)
        #expect(
            findings.compactMap { $0["name"]?.stringValue } == [
                "store", "disk space", "user", "OCI runtime", "namespaces and overlay", "Debian roots",
                "platforms", "container engine", "git", "Graphviz", "disks",
            ]
        )
        for finding in findings where finding["state"] == "missing" { #expect(finding["fix"]?.stringValue != nil) }
        #expect(try Files.names(in: kitchen.work.path).map(\.string) == ["Bakefile", "site"])
        let result = try await kitchen.ovenbird(["doctor"], environment: ["PATH": "/nonexistent"])
        #expect(result.text.contains("missing  git                     there is no program 'git'"))
        #expect(result.text.contains("fix: apt-get install git"))
    }

    @Test func `of doctor makes nothing where there is no store yet`() async throws {
        let kitchen = try await Kitchen()
        try kitchen.work.makeFolder("place")
        try kitchen.work.makeFolder("scratch")
        let before = try FileStatus.ofExisting(kitchen.work.file("place"))
        let result = try await kitchen.ovenbird(
            ["doctor"],
            store: kitchen.work.file("place/store"),
            environment: ["TMPDIR": kitchen.work.file("scratch").string]
        )
        #expect(result.text.contains("good     store                   '"), "\(result.text)")
        // The time of a folder changes with every name that comes and goes.
        #expect(try FileStatus.ofExisting(kitchen.work.file("place")) == before)
        #expect(try Files.names(in: kitchen.work.file("scratch")) == [])
    }

    @Test func `of load and export is a document where that is asked for`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        let identity = try kitchen.identity(of: "site").identity
        let exported = try JSONValue.parse(
            Array(try await kitchen.run("export", "site", "--result", "json", "--to", "x.tar").utf8)
        )
        #expect(
            exported
                == .object([
                    "path": "x.tar", "format": "oci", "project": "kitchen", "image": "site", "version": "1",
                    "identity": .string(identity),
                ])
        )
        let engine = try kitchen.work.write(
            "#!/bin/sh\nif [ \"$1\" = load ]; then cat >/dev/null; else echo \(identity); fi\n",
            to: "engine",
            mode: 0o755
        )
        let loaded = try JSONValue.parse(
            Array(
                try await kitchen.run(
                    "load",
                    "site",
                    "--engine",
                    engine.string,
                    "--tag",
                    "a:b",
                    "--format",
                    "json"
                ).utf8
            )
        )
        #expect(
            loaded
                == .object([
                    "names": .strings(["kitchen/site:1", "a:b"]), "engine": .string(engine.string),
                    "project": "kitchen",
                    "image": "site", "version": "1", "identity": .string(identity),
                ])
        )
    }

    @Test func `of doctor fails where the store cannot be`() async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(["doctor"], store: "/proc/nowhere")
        #expect(result.status == 3)
        #expect(result.error == "error: this host cannot bake yet\n")
        #expect(result.text.contains("missing  store"))
    }

    @Test func `of graph names Graphviz where it is missing`() async throws {
        let kitchen = try await Kitchen()
        #expect(try await kitchen.run("graph").hasPrefix("digraph \"kitchen\" {\n"))
        #expect(try await kitchen.run("graph", "--format", "svg").contains("<svg"))
        let result = try await kitchen.ovenbird(["graph", "--format", "svg"], environment: ["PATH": "/nonexistent"])
        #expect(result.status == 1)
        #expect(
            result.error == """
                error: drawing needs the program 'dot', which is not on the PATH [tool-missing]
                  fix: install the package 'graphviz', or take '--format dot'

                """
        )
    }

    @Test func `of check answers as a document`() async throws {
        let kitchen = try await Kitchen(
            "bakefile: 1\nproject: p\nimages:\n  a: { kind: docker, from: scratch, stepps: [] }\n"
        )
        let result = try await kitchen.ovenbird(["check", "--format", "json"])
        #expect(result.status == 2)
        #expect(result.error == "")
        let first = try #require(try JSONValue.parse(result.output)["diagnostics"]?.arrayValue?.first)
        #expect(first["identifier"] == "unknown-key")
        #expect(first["line"] == 4)
    }
}
