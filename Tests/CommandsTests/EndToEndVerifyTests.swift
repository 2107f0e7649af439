import Glibc
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// A second bake from nothing, by the program.
@Suite("Verified bakes, by the program")
struct EndToEndVerifyTests {
    @Test func `native steps are the same twice, and nothing is left of the second bake`() async throws {
        let kitchen = try await Kitchen()
        let result = try await kitchen.ovenbird(["bake", "--first", "--verify", "--progress", "plain"])
        #expect(result.status == 0)
        #expect(result.error.hasSuffix("verified: 1 image, 4 layers, the same bytes twice\n"), "\(result.error)")
        // Nothing of the first bake was used.
        #expect(result.error.split(separator: "\n").count { $0.contains(" site:pages starts") } == 2, "\(result.error)")
        #expect(try Files.names(in: kitchen.store.appending("ovenbird/tmp")).isEmpty)
        // The last word is that of the second bake.
        #expect(try await kitchen.bake("--verify")["site:pages"] == "ran")
    }

    @Test(.enabled(if: StepKitchen.canRun, "needs root and an OCI runtime"))
    func `what differs is named by file and cause`() async throws {
        let kitchen = try await StepKitchen.make(
            """
            - run: |
                read stamp rest < /proc/sys/kernel/random/uuid
                echo "always $stamp" > /srv/stamp
                echo x > /srv/$stamp
                echo same > /srv/same
            - file: { path: /srv/steady, content: "yes" }
            """
        )
        let result = try await kitchen.ovenbird(["bake", "--first", "--verify", "--progress", "plain"])
        #expect(result.status == 3)
        let lines = result.error.split(separator: "\n").map(String.init).filter { $0.hasPrefix("box:run-1: ") }
        #expect(lines.count == 3, "\(result.error)")
        #expect(lines.contains { $0.hasPrefix("box:run-1: /srv/stamp: content from byte ") }, "\(lines)")
        #expect(lines.filter { $0.hasSuffix(": only in the first bake") }.count == 1, "\(lines)")
        #expect(lines.filter { $0.hasSuffix(": only in the second bake") }.count == 1, "\(lines)")
        #expect(
            result.error.hasSuffix("error: a second bake from nothing is not the same: 3 differences\n"),
            "\(result.error)"
        )
        #expect(try Files.names(in: kitchen.store.appending("ovenbird/tmp")).isEmpty)
    }
}
