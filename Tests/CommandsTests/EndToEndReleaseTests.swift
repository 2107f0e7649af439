import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Releases by the program")
struct EndToEndReleaseTests {
    private func git(_ arguments: String..., in folder: FilePath) async throws {
        let settings = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
        try await requireTool("git", settings + arguments, in: folder, environment: ["GIT_CONFIG_GLOBAL": "/dev/null"])
    }

    @Test func `two bakes of one commit on two stores give the same identities, and --after keeps the versions`()
        async throws
    {
        let kitchen = try await Kitchen()
        try kitchen.work.write("out/\n", to: ".gitignore")
        try await git("init", "--quiet", in: kitchen.work.path)
        try await git("add", ".", in: kitchen.work.path)
        try await git("commit", "--quiet", "--message", "First", in: kitchen.work.path)

        let other = try TemporaryFolder()
        try await git("clone", "--quiet", kitchen.work.path.string, "clone", in: other.path)
        let clone = other.file("clone")
        // Dirt that no step reads.
        try other.write("not committed\n", to: "clone/notes.txt")

        _ = try await kitchen.bake("--first")
        try kitchen.work.write("<p>Later\n", to: "site/index.html")
        _ = try await kitchen.bake()
        try kitchen.work.write("<p>Hello\n", to: "site/index.html")
        _ = try await kitchen.bake()
        #expect(try kitchen.identity(of: "site").version == "1")
        try kitchen.work.write("<p>Later\n", to: "site/index.html")
        _ = try await kitchen.bake()
        let before = try kitchen.identity(of: "site")
        #expect(before.version == "2")

        // The other store knows nothing, and would count from 1.
        try other.write("<p>Later\n", to: "clone/site/index.html")
        let refused = try await kitchen.ovenbird(["bake"], in: clone, store: other.file("store"))
        #expect(refused.status == 2)
        #expect(refused.error.contains("[no-ledger]"))
        _ = try await kitchen.bake(
            "--after",
            kitchen.work.file("out/release.json").string,
            in: clone,
            store: other.file("store")
        )
        #expect(try kitchen.identity(of: "site", in: clone) == before)

        // On a third one, without memory, the images are the same and only their names differ.
        _ = try await kitchen.bake("--first", in: clone, store: other.file("third"))
        #expect(try kitchen.identity(of: "site", in: clone).identity == before.identity)
        #expect(try kitchen.identity(of: "site", in: clone).version == "1")
        let git = try kitchen.release(in: clone)["git"]
        #expect(git?["dirty"] != nil)
    }

    @Test func `the release holds to its schema`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first", environment: ["BUILD_NUMBER": "7", "JENKINS_URL": "https://ci.example/"])
        try await kitchen.work.write(kitchen.run("schema", "release"), to: "schema.json")
        try await requireTool(
            "python3",
            [
                "-W", "ignore", "-c",
                """
                import json, sys, jsonschema
                schema, document = (json.load(open(name)) for name in sys.argv[1:])
                jsonschema.validate(document, schema)
                """,
                kitchen.work.file("schema.json").string, kitchen.work.file("out/release.json").string,
            ]
        )
        let properties = String(decoding: try Files.read(kitchen.work.file("out/bake.properties")), as: UTF8.self)
        let identity = try kitchen.identity(of: "site").identity
        #expect(properties.contains("OVENBIRD_SITE_IDENTITY=\(identity)\n"))
        #expect(properties.contains("OVENBIRD_SITE_VERSION=1\n"))
    }

    @Test func `the start of several releases' digests is not enough`() async throws {
        let kitchen = try await Kitchen()
        for round in 0...16 {
            try kitchen.work.write("round \(round)\n", to: "site/index.html")
            _ = try await kitchen.bake("--first")
        }
        // Of seventeen digests two begin with the same of sixteen digits.
        var messages = ""
        for digit in "0123456789abcdef" {
            let result = try await kitchen.ovenbird(["bake", "--after", String(digit)])
            if result.status == 2, !result.error.contains("[release-not-found]") { messages += result.error }
        }
        #expect(messages.contains("is the start of several releases' digests [release-ambiguous]"))
        #expect(messages.contains("fix: write more of its digits"))
    }

    @Test func `a Bakefile with ten mistakes shows all ten with their places`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: Storefront!
            variables:
              suite: { default: buster, allowed: [bookworm, trixie] }
            images:
              web:
                kind: docker
                from: { image: bas }
                steps:
                  - copy: { form: site, to: /srv }
                  - copy: { from: ../outside, to: /srv }
                  - file: { path: etc/motd, content: hello, mode: "0999" }
                  - run: { command: "true", network: bridge }
                  - packages: [Nginx]
                  - symlink: { path: /a, target: "${nothing}" }
                config: { ports: [99999] }
            """
        )
        let result = try await kitchen.ovenbird(["check"])
        #expect(result.status == 2)
        let errors = result.error.split(separator: "\n").filter { $0.contains(": error: ") }
        for (line, identifier) in [
            (2, "bad-name"), (4, "value-not-allowed"), (8, "unknown-image"), (10, "unknown-key"),
            (11, "path-outside"), (12, "bad-path"), (12, "bad-mode"), (13, "bad-value"), (14, "bad-package"),
            (15, "unknown-variable"), (16, "bad-port"),
        ] {
            #expect(
                errors.contains { $0.hasPrefix("Bakefile:\(line):") && $0.hasSuffix("[\(identifier)]") },
                "line \(line), \(identifier):\n\(result.error)"
            )
        }
    }
}
