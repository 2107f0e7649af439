import Baking
import Reporting
import Synchronization
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct FailureOutputTests {
    private func lines(_ text: String) -> [String] {
        var output = OutputLines()
        let lines = output.take(Array(text.utf8))
        return lines + (output.rest().map { [$0] } ?? [])
    }

    @Test func `output is split at line ends and made harmless`() {
        #expect(lines("a\r\nb\rc\n\nlast") == ["a", "b", "c", "", "last"])
        #expect(lines("\u{1b}[1;31mred\u{1b}[0m \u{1b}[2J\u{7}\ttab\n") == ["red \\x1b[2J\\x07\ttab"])
        #expect(lines("") == [])
    }

    @Test func `pieces may end anywhere`() {
        var output = OutputLines()
        var lines: [String] = []
        for byte in Array("grün\r\n日本\n".utf8) { lines += output.take([byte]) }
        #expect(lines == ["grün", "日本"])
    }

    @Test func `bytes that are not UTF-8 do no harm`() {
        var output = OutputLines()
        #expect(output.take([0x61, 0xff, 0x62, 0x0a]) == ["a\u{fffd}b"])
    }

    @Test func `a line without end is shown in pieces of whole characters`() {
        var output = OutputLines()
        let text = "x" + String(repeating: "é", count: 100_000)
        var lines = output.take(Array(text.utf8))
        if let rest = output.rest() { lines.append(rest) }
        #expect(lines.count > 1)
        #expect(lines.allSatisfy { $0.utf8.count <= 64 * 1024 })
        #expect(lines.joined() == text)
    }

    @Test func `the complete output of a failure comes once, before the last line`() throws {
        let folder = try TemporaryFolder()
        let log = folder.path.appending("log")
        try AtomicFile.write(Array("one\ntwo\u{1b}[K\n".utf8), to: log)
        let failure = StepFailure(message: "ended with status 1", log: log, seconds: 1)
        #expect(
            try shown(.plain, failure) == """
                2026-01-02T03:04:05Z bake storefront: 2 images, 4 steps: 2 cached, 1 will run, 1 depends, 2 jobs
                2026-01-02T03:04:06Z web:run-1 failed after 1.0 s: ended with status 1
                output of web:run-1:
                web:run-1 | one
                web:run-1 | two\\x1b[K
                2026-01-02T03:04:07Z bake failed after 2.0 s: web:run-1: ended with status 1

                """
        )
        #expect(
            try shown(.quiet, failure) == """
                web:run-1 failed: ended with status 1
                output of web:run-1:
                web:run-1 | one
                web:run-1 | two\\x1b[K

                """
        )
        #expect(
            try shown(.json, failure).contains(
                #"{"event":"output","line":"one","step":"web:run-1","time":"2026-01-02T03:04:07Z"}"# + "\n"
            )
        )
    }

    @Test func `a message of several lines keeps them`() throws {
        let failure = StepFailure(message: "no runtime\n  fix: install\u{1b} 'crun'", log: nil, seconds: 1)
        #expect(try shown(.quiet, failure) == "web:run-1 failed: no runtime\n  fix: install\\x1b 'crun'\n")
        let lines = try shown(.plain, failure).split(separator: "\n")
        #expect(
            lines.dropFirst() == [
                "2026-01-02T03:04:06Z web:run-1 failed after 1.0 s: no runtime",
                "2026-01-02T03:04:06Z   fix: install\\x1b 'crun'",
                "2026-01-02T03:04:07Z bake failed after 2.0 s: web:run-1: no runtime",
            ]
        )
    }

    @Test func `an output that is gone is said so`() throws {
        let failure = StepFailure(message: "ended with status 1", log: "/nonexistent/log", seconds: 1)
        let expected =
            "the output of web:run-1 cannot be shown: cannot open '/nonexistent/log': No such file or directory"
        #expect(try shown(.quiet, failure).contains(expected))
    }

    @Test func `a terminal is left with its cursor and without live lines`() throws {
        let failure = StepFailure(message: "ended with status 1", log: nil, seconds: 1)
        let text = try shown(.tty, failure)
        #expect(text.hasSuffix(TerminalPainter.showCursor + "\u{1b}[?2026l"))
        let last = try #require(text.split(separator: "\u{1b}[?2026h").last)
        #expect(last.contains("bake failed after 2.0 s"))
        #expect(!last.contains("of 4 steps"))
    }

    private func shown(_ mode: ProgressMode, _ failure: StepFailure) throws -> String {
        let text = Mutex("")
        let printer = ProgressPrinter(mode: mode, palette: .plain, size: { (80, 24) }) { piece in
            text.withLock { $0 += piece }
        }
        printer.handle(.started(plan: Sample.plan, jobs: 2), at: Sample.start)
        printer.handle(.stepFailed(Sample.run, failure), at: Sample.later(1))
        printer.handle(.finished(succeeded: false), at: Sample.later(2))
        printer.close(at: Sample.later(2))
        return text.withLock { $0 }
    }
}
