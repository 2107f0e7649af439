import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What commits, other projects and new images mean for identities and versions.
@Suite("Identities and versions by the program")
struct EndToEndNamingTests {
    private func git(_ arguments: String..., in folder: FilePath) async throws {
        let settings = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
        try await requireTool("git", settings + arguments, in: folder, environment: ["GIT_CONFIG_GLOBAL": "/dev/null"])
    }

    private func commit(_ kitchen: Kitchen) async throws {
        try await git("init", "--quiet", in: kitchen.work.path)
        try await git("add", ".", in: kitchen.work.path)
        try await git("commit", "--quiet", "--allow-empty", "--message", "Change", in: kitchen.work.path)
    }

    private static func text(project: String = "kitchen", _ images: String) -> String {
        """
        bakefile: 1
        project: \(project)
        images:
        \(images.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
        """
    }

    private static let stamped = text(
        """
        site:
          kind: docker
          from: scratch
          version: git
          steps: [{ file: { path: /a, content: a } }]
          config: { labels: { stamp: true, tier: one } }
        """
    )

    @Test func `a bake leaves a clean work tree clean, so the next one makes the same image`() async throws {
        let kitchen = try await Kitchen(Self.stamped)
        try await commit(kitchen)
        _ = try await kitchen.bake()
        let first = try kitchen.identity(of: "site")
        #expect(try kitchen.release()["git"]?["dirty"] == false)
        #expect(try await requireTool("git", ["status", "--porcelain"], in: kitchen.work.path) == "")
        _ = try await kitchen.bake()
        #expect(try kitchen.identity(of: "site") == first)
        #expect(!first.version.contains("dirty"))
    }

    @Test func `an output folder with files of somebody else's is theirs`() async throws {
        let kitchen = try await Kitchen(Self.stamped)
        try await commit(kitchen)
        _ = try await kitchen.bake("--out", ".")
        #expect(!Files.exists(kitchen.work.file(".gitignore")))
        _ = try await kitchen.bake("--out", "new/out")
        #expect(Files.exists(kitchen.work.file("new/out/.gitignore")))
    }

    @Test func `the plan knows that a new commit makes another stamped image`() async throws {
        let kitchen = try await Kitchen(Self.stamped)
        try await commit(kitchen)
        _ = try await kitchen.bake()
        let before = try kitchen.identity(of: "site")
        let same = try await kitchen.ovenbird(["plan", "--detailed-exitcode"])
        #expect(same.status == 0, "\(same.text)\(same.error)")
        #expect(same.text.contains("  image   cached "), "\(same.text)")
        try await git("commit", "--quiet", "--allow-empty", "--message", "Later", in: kitchen.work.path)
        let plan = try await kitchen.ovenbird(["plan", "--detailed-exitcode"])
        #expect(plan.status == 10)
        #expect(plan.text.contains("'stamp.org.opencontainers.image.revision' changed: "), "\(plan.text)")
        _ = try await kitchen.bake()
        #expect(try kitchen.identity(of: "site").identity != before.identity)
        #expect(try await kitchen.ovenbird(["plan", "--detailed-exitcode"]).status == 0)

        let build = try await kitchen.ovenbird(
            ["plan", "--format", "json"],
            environment: ["JENKINS_URL": "https://ci.example/", "BUILD_NUMBER": "8"]
        )
        let config = try JSONValue.parse(build.output)["images"]?.arrayValue?.first?["config"]
        #expect(config?["state"] == "will-run")
        #expect(config?["stamp"]?["ovenbird.build.number"] == "8")
        try kitchen.work.write(build.text, to: "plan.json")
        try await kitchen.work.write(kitchen.run("schema", "plan"), to: "schema.json")
        try await requireTool(
            "python3",
            [
                "-W", "ignore", "-c",
                """
                import json, jsonschema
                jsonschema.validate(json.load(open("plan.json")), json.load(open("schema.json")))
                """,
            ],
            in: kitchen.work.path
        )
    }

    @Test func `the plan knows that a label makes another image, and so does 'why'`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first")
        #expect(try await kitchen.ovenbird(["plan", "--detailed-exitcode"]).status == 0)
        try kitchen.work.write(Kitchen.site + "\n    config: { labels: { tier: two } }\n", to: "Bakefile")
        let plan = try await kitchen.ovenbird(["plan", "--detailed-exitcode"])
        #expect(plan.status == 10)
        #expect(plan.text.contains("'config.labels.tier' changed: nothing → 'two'"), "\(plan.text)")
        _ = try await kitchen.bake()
        #expect(try kitchen.identity(of: "site").version == "2")
        #expect(try await kitchen.run("why", "site:image").contains("'config.labels.tier' changed: nothing → 'two'"))
    }

    @Test func `a release of another project is no ledger for this one`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first", "--out", "first")
        try kitchen.work.write(Kitchen.site.replacing("project: kitchen", with: "project: garden"), to: "Bakefile")
        let release = kitchen.work.file("first/release.json").string
        let result = try await kitchen.ovenbird(["bake", "--after", release])
        #expect(result.status == 2)
        #expect(
            result.error.contains(
                """
                error: the release of '--after' is one of the project 'kitchen', not of 'garden' [foreign-release]
                  why: its versions mean other images
                  fix: name a release of 'garden', or pass '--first' if there is none
                """
            ),
            "\(result.error)"
        )
        // Nothing of it was taken over.
        let second = try await kitchen.ovenbird(["bake"])
        #expect(second.error.contains("[no-ledger]"), "\(second.error)")
    }

    @Test func `a second image that counts asks for --first, which restarts no other`() async throws {
        let kitchen = try await Kitchen()
        _ = try await kitchen.bake("--first")
        try kitchen.work.write("<p>Later\n", to: "site/index.html")
        _ = try await kitchen.bake()
        #expect(try kitchen.identity(of: "site").version == "2")
        let api = """

              api:
                kind: docker
                from: scratch
                version: sequence
                steps: [{ file: { path: /a, content: a } }]

            """
        try kitchen.work.write(Kitchen.site + api, to: "Bakefile")
        try kitchen.work.write("<p>Still later\n", to: "site/index.html")
        let refused = try await kitchen.ovenbird(["bake"])
        #expect(refused.status == 2)
        #expect(
            refused.error.contains(
                """
                error: the next version of image 'api' is unknown [no-ledger]
                  why: its versions are counted, and this store has none of them to count on from
                  fix: pass '--after RELEASE' with the last release, or '--first' if the image is new
                """
            ),
            "\(refused.error)"
        )
        #expect(!refused.error.contains("'site'"))
        _ = try await kitchen.bake("--first")
        #expect(try kitchen.identity(of: "api").version == "1")
        #expect(try kitchen.identity(of: "site").version == "3")
    }

    @Test func `check says what a version scheme lacks`() async throws {
        let kitchen = try await Kitchen(Self.stamped)
        let result = try await kitchen.ovenbird(["check"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                Bakefile:4:3: error: there is no git commit to name a version after [no-commit]
                  why: 'version: git' needs the Bakefile in a git work tree that has a commit
                  fix: commit first, or choose another version scheme

                """
        )
        try await commit(kitchen)
        #expect(try await kitchen.ovenbird(["check"]).status == 0)
    }
}
