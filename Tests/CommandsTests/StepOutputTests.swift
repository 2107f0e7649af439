import SystemIO
import SystemPackage
import TestSupport
import Testing

/// What a step writes, which is kept whole however much it is.
@Suite("The output of a step", .enabled(if: StepKitchen.canRun, "needs root, an OCI runtime and busybox"))
struct StepOutputTests {
    /// 5 MiB in lines of 16 bytes, half of them on standard error, and a line without an end.
    private static let script = """
        busybox yes 012345678901234 | busybox head -c 2621440; \
        (busybox yes abcdefghijklmno | busybox head -c 2621440) >&2; echo -n last; exit 3
        """
    private static let expected: [UInt8] =
        [("012345678901234\n", 163_840), ("abcdefghijklmno\n", 163_840), ("last", 1)]
        .flatMap { line, count in repeatElement(Array(line.utf8), count: count).joined() }

    @Test func `is complete in its log, and shown once and whole when the step fails`() async throws {
        let kitchen = try await StepKitchen.make("- run: '\(Self.script)'")
        let result = try await kitchen.ovenbird(
            ["bake", "--first", "--progress", "plain"],
            through: ["sh", "-c", "exec \"$@\" 2>messages", "sh"]
        )
        #expect(result.status == 4)
        let logs = kitchen.store.appending("ovenbird/logs")
        let bake = try #require(try Files.names(in: logs).first)
        let log = try Files.read(logs.appending(bake).appending("box.run-1.log"))
        #expect(Digester.digest(of: log) == Digester.digest(of: Self.expected))
        let prefix = Array("box:run-1 | ".utf8)
        let shown = try Files.read(kitchen.work.file("messages")).split(separator: 10)
            .filter { $0.starts(with: prefix) }
        #expect(shown.count == 327_681)
        let text = Array(shown.map { $0.dropFirst(prefix.count) }.joined(separator: [10]))
        #expect(Digester.digest(of: text) == Digester.digest(of: Self.expected))
    }
}
