import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// The manual of the commands; `OVENBIRD_RECORD=1` writes it anew.
@Suite("The help")
struct HelpTests {
    private static let commands = [
        "init", "check", "plan", "lock", "bake", "why", "images", "inspect", "history", "diff", "graph", "export",
        "load", "boot", "rehearse", "pack", "push", "register", "iam-policy", "pull", "sign", "verify", "referrers",
        "params", "ami", "ami list", "ami prune", "orphans", "gc",
        "fsck",
        "doctor",
        "schema",
        "completions",
    ]

    @Test func `of ovenbird lists the commands`() async throws { try await expectHelp(["--help"], in: "ovenbird") }

    @Test(arguments: commands)
    func `of a command is the recorded one, with an example`(name: String) async throws {
        let text = try await expectHelp(
            name.split(separator: " ").map(String.init) + ["--help"],
            in: name.replacing(" ", with: "-")
        )
        #expect(text.contains("Example:\n  "))
        #expect(text.contains("ovenbird \(name)"))
    }

    @Test func `names every command that there is`() async throws {
        let kitchen = try await Kitchen()
        let text = try await kitchen.run("--help")
        let listed = text.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
            .compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(Self.commands.filter { !$0.contains(" ") && !listed.contains($0) } == [])
        #expect(!listed.contains("sandbox-worker"))
    }

    @Test func `is all that a bare call shows`() async throws {
        let kitchen = try await Kitchen()
        #expect(try await kitchen.run() == kitchen.run("--help"))
    }

    @Test func `gives the version`() async throws {
        let kitchen = try await Kitchen()
        #expect(try await kitchen.run("--version") == "ovenbird 0.1.0\n")
    }

    @discardableResult
    private func expectHelp(_ arguments: [String], in name: String) async throws -> String {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(arguments, environment: ["COLUMNS": "100"])
        #expect(result.status == 0)
        #expect(result.error == "")
        let file = FilePath(#filePath).removingLastComponent().appending("Expected/help/\(name).txt")
        if getenv("OVENBIRD_RECORD") != nil {
            try Files.makeFolder(file.removingLastComponent())
            try AtomicFile.write(result.output, to: file)
        }
        #expect(try result.text == String(decoding: Files.read(file), as: UTF8.self))
        #expect(result.text.split(separator: "\n").allSatisfy { $0.count <= 100 })
        return result.text
    }
}
