import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A bake on a terminal, made by script(1).
@Suite("On a terminal")
struct TerminalTests {
    private func bake(_ settings: [String: String], _ options: String = "") async throws -> String {
        let kitchen = try await Kitchen()
        let command = "stty cols 60 rows 20; exec \(kitchen.program) bake --first \(options)"
        let result = try await kitchen.ovenbird(
            [],
            environment: settings.merging(["SHELL": "/bin/sh", "COMMAND": command]) { first, _ in first },
            through: ["sh", "-c", "script -qec \"$COMMAND\" /dev/null"]
        )
        #expect(result.status == 0)
        return result.text
    }

    @Test(.enabled(if: hasTool("script"))) func `a bake redraws, and leaves the cursor as it was`() async throws {
        let text = try await bake(["TERM": "xterm"])
        let hidden = try #require(text.ranges(of: "\u{1b}[?25l").last)
        let shown = try #require(text.ranges(of: "\u{1b}[?25h").last)
        #expect(hidden.lowerBound < shown.lowerBound)
        #expect(text.contains("\u{1b}[32m✓\u{1b}[0m site:pages"))
        #expect(text.contains("baked in "))
        // The result comes after the last frame.
        #expect(text.ranges(of: "release sha256:").first.map { $0.lowerBound > shown.lowerBound } == true)
    }

    @Test(.enabled(if: hasTool("script"))) func `NO_COLOR takes the colours away, not the frames`() async throws {
        let text = try await bake(["TERM": "xterm", "NO_COLOR": "1"])
        #expect(text.contains("\u{1b}[?25h"))
        #expect(!text.contains("\u{1b}[3"))
    }

    @Test(.enabled(if: hasTool("script"))) func `that cannot move its cursor gets plain lines`() async throws {
        #expect(try await !bake(["TERM": "dumb"]).contains("\u{1b}"))
        #expect(try await !bake(["TERM": "xterm"], "--progress plain --color never").contains("\u{1b}"))
    }
}
