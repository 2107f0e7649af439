import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Wrong calls: exit status 2, nothing on standard output, and a message that helps.
@Suite("A wrong call")
struct UsageTests {
    @Test func `with a mistyped command names the nearest`() async throws {
        try await expect(
            ["plam"],
            """
            error: 'plam' is no command [unknown-command]
              fix: write 'plan'

            """
        )
        try await expect(
            ["frobnicate"],
            """
            error: 'frobnicate' is no command [unknown-command]
              fix: 'ovenbird help' lists the commands

            """
        )
    }

    @Test func `with a mistyped option names the nearest`() async throws {
        try await expect(
            ["plan", "--fiel", "x"],
            """
            error: unknown option '--fiel'. Did you mean '--file'?
              fix: 'ovenbird help COMMAND' lists what a command takes

            """
        )
    }

    @Test(arguments: [
        ["bake", "--jobs", "0"], ["bake", "--jobs", "many"], ["bake", "--after", "x", "--first"],
        ["schema", "nothing"],
        ["plan", "--format", "xml"], ["inspect"], ["diff", "a"], ["completions", "tcsh"], ["plan", "--color", "pink"],
        ["export", "site", "--format", "zip"], ["--nothing"],
    ])
    func `of the options ends with 2`(arguments: [String]) async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(arguments)
        #expect(result.status == 2)
        #expect(result.text == "")
        #expect(result.error.hasPrefix("error: "))
        #expect(!result.error.contains("Command"), "no name of a type is shown")
    }

    @Test func `with a setting that sets nothing`() async throws {
        try await expect(
            ["plan", "--set", "suite"],
            """
            error: '--set suite' gives no variable a value [option-value]
              fix: write '--set NAME=VALUE'

            """
        )
    }

    @Test func `names an image that the Bakefile does not have`() async throws {
        let expected = """
            error: 'sitr' is no image of 'Bakefile' [unknown-image-argument]
              why: its images are 'site'
              fix: write 'site'

            """
        try await expect(["plan", "sitr"], expected)
        try await expect(["bake", "sitr"], expected)
        try await expect(["graph", "sitr"], expected)
    }

    @Test func `without a Bakefile says how to get one`() async throws {
        let kitchen = try await Kitchen()
        try Files.removeFile(kitchen.work.file("Bakefile"))
        for command in ["check", "plan", "bake", "graph", "params", "history"] {
            let result = try await kitchen.ovenbird([command])
            #expect(result.status == 2)
            #expect(result.error.hasPrefix("error: there is no 'Bakefile' in this folder [no-bakefile]\n"))
        }
        try await expect(
            ["plan", "--file", "other/Bakefile"],
            "error: cannot read 'other/Bakefile': No such file or directory [unreadable-file]\n"
        )
    }

    @Test func `names an image that the store does not have`() async throws {
        let kitchen = try await Kitchen()
        try await expect(
            ["inspect", "site"],
            """
            error: the store has no image 'site' [image-not-found]
              why: nothing was baked into it yet

            """,
            in: kitchen
        )
        try await kitchen.run("bake", "--first")
        try await expect(
            ["export", "sote"],
            """
            error: the store has no image 'sote' [image-not-found]
              why: its images are 'site'
              fix: write 'site'

            """,
            in: kitchen
        )
        try await expect(
            ["load", "site:9"],
            """
            error: the store has no version '9' of 'site' [image-not-found]
              why: it has '1'

            """,
            in: kitchen
        )
        try await expect(
            ["why", "site:page"],
            """
            error: image 'site' has no step 'page' [step-not-found]
              why: it has 'directory-1', 'file-1', 'image', 'pages', 'symlink-1'
              fix: write 'pages'

            """,
            in: kitchen
        )
    }

    @Test func `names an image that two projects have`() async throws {
        let kitchen = try await Kitchen()
        try await kitchen.run("bake", "--first")
        try kitchen.work.write(Kitchen.site.replacing("project: kitchen", with: "project: garden"), to: "garden.yaml")
        try await kitchen.run("bake", "--first", "--file", "garden.yaml")
        #expect(try await kitchen.run("inspect", "site").contains("project      kitchen"))
        #expect(try await kitchen.run("inspect", "site", "--file", "garden.yaml").contains("project      garden"))
        #expect(try await kitchen.run("inspect", "garden/site").contains("project      garden"))
        try Files.removeFile(kitchen.work.file("Bakefile"))
        try await expect(
            ["inspect", "site"],
            """
            error: 'site' may be one of several images [image-ambiguous]
              why: the store has 'garden/site', 'kitchen/site'
              fix: write one of these

            """,
            in: kitchen
        )
    }

    @Test func `names a release that is not there`() async throws {
        let kitchen = try await Kitchen()
        let expected = """
            error: there is no release 'out/old.json' [release-not-found]
              why: it is neither a file nor the digest of a release in the store
              fix: 'ovenbird history' lists the releases of the project

            """
        try await expect(["bake", "--after", "out/old.json"], expected, in: kitchen)
    }

    @Test func `names several releases at once`() async throws {
        let kitchen = try await Kitchen(
            """
            bakefile: 1
            project: kitchen
            variables: { title: { default: one } }
            images:
              site: { kind: docker, from: scratch }
            """
        )
        var digits: Set<Character> = []
        // Seventeen digests cannot all begin differently.
        for number in 0...16 {
            let text = try await kitchen.run("bake", "--set", "title=\(number)")
            let digit = try #require(text.split(separator: "sha256:").last?.first)
            guard digits.insert(digit).inserted else {
                try await expect(
                    ["bake", "--after", "sha256:\(digit)"],
                    """
                    error: 'sha256:\(digit)' is the start of several releases' digests [release-ambiguous]
                      fix: write more of its digits

                    """,
                    in: kitchen
                )
                return
            }
        }
        Issue.record("no two digests begin alike")
    }

    @Test func `has no place for a store`() async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(["images"], environment: ["OVENBIRD_STORE": "", "HOME": ""])
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: there is no folder for the store [store-location]
                  why: neither OVENBIRD_STORE, XDG_DATA_HOME nor HOME is set
                  fix: pass '--store FOLDER'

                """
        )
    }

    private func expect(_ arguments: [String], _ message: String, in kitchen: Kitchen? = nil) async throws {
        var place = kitchen
        if place == nil { place = try await Kitchen() }
        let result = try await #require(place).ovenbird(arguments)
        #expect(result.status == 2)
        #expect(result.text == "")
        #expect(result.error == message)
    }
}
