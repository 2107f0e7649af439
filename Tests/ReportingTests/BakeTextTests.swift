import Baking
import OCI
import Reporting
import Synchronization
import SystemIO
import Testing

@Suite struct BakeTextTests {
    /// A bake in which one step fails, with the seconds at which things happen.
    static let events: [(Double, BakeEvent)] = [
        (0, .started(plan: Sample.plan, jobs: 2)),
        (0, .stepFinished(StepName(image: "base", address: "from"), Sample.outcome(.cached, 42_100_000))),
        (0.5, .stepStarted(Sample.copy)),
        (2, .stepFinished(Sample.copy, Sample.outcome(.ran, 1_500, 1.5))),
        (2, .stepStarted(Sample.run)),
        (3, .stepFailed(Sample.run, StepFailure(message: "ended with status 1\u{7}", log: nil, seconds: 1))),
        (3, .stepSkipped(StepName(image: "app", address: "run-2"), because: Sample.run)),
        (3.2, .finished(succeeded: false)),
    ]

    @Test func `a plain log is UTC times and what happened`() {
        var log = PlainLog(now: Sample.start)
        let lines = Self.events.flatMap { log.lines(for: $1, at: Sample.later($0)) }
        #expect(
            lines == [
                "2026-01-02T03:04:05Z bake storefront: 2 images, 4 steps: 2 cached, 1 will run, 1 depends, 2 jobs",
                "2026-01-02T03:04:05Z base:from cached, 42.1 MB",
                "2026-01-02T03:04:05Z web:site starts: copy site -> /srv/www",
                "2026-01-02T03:04:07Z web:site done in 1.5 s, 1.5 kB: 'site' changed",
                "2026-01-02T03:04:07Z web:run-1 starts: run echo \\x1b[31mred\\x07",
                "2026-01-02T03:04:08Z web:run-1 failed after 1.0 s: ended with status 1\\x07",
                "2026-01-02T03:04:08Z app:run-2 skipped, because web:run-1 failed",
                "2026-01-02T03:04:08Z bake failed after 3.2 s: web:run-1: ended with status 1\\x07",
            ]
        )
    }

    @Test func `a log says at least every minute that work goes on`() {
        var log = PlainLog(now: Sample.start)
        for (second, event) in Self.events.prefix(3) { _ = log.lines(for: event, at: Sample.later(second)) }
        var lines: [String] = []
        for second in 1...120 { lines += log.tick(at: Sample.later(Double(second))) }
        #expect(
            lines == [
                "2026-01-02T03:04:36Z still running: web:site (30.5 s)",
                "2026-01-02T03:05:06Z still running: web:site (1 min 1 s)",
                "2026-01-02T03:05:36Z still running: web:site (1 min 31 s)",
            ]
        )
        _ = log.lines(for: .finished(succeeded: true), at: Sample.later(121))
        #expect(log.tick(at: Sample.later(500)).isEmpty)
    }

    @Test func `a log says that work goes on while the plan is still being made`() {
        var log = PlainLog(now: Sample.start)
        #expect(log.tick(at: Sample.later(29)) == [])
        #expect(log.tick(at: Sample.later(30)) == ["2026-01-02T03:04:35Z still at work"])
    }

    @Test func `lines of JSON say so too`() {
        let text = Mutex("")
        let printer = ProgressPrinter(
            mode: .json,
            palette: .plain,
            size: { (80, 24) },
            now: Sample.start,
            write: { piece in text.withLock { $0 += piece } }
        )
        printer.tick(at: Sample.later(29))
        printer.tick(at: Sample.later(30))
        printer.tick(at: Sample.later(31))
        printer.handle(.started(plan: Sample.plan, jobs: 2), at: Sample.later(40))
        printer.handle(.stepStarted(Sample.copy), at: Sample.later(40))
        printer.tick(at: Sample.later(70))
        printer.handle(.finished(succeeded: true), at: Sample.later(71))
        printer.tick(at: Sample.later(500))
        let lines = text.withLock { $0 }.split(separator: "\n").filter { $0.contains("at-work") }
        #expect(
            lines == [
                #"{"event":"at-work","steps":[],"time":"2026-01-02T03:04:35Z"}"#,
                #"{"event":"at-work","steps":["web:site"],"time":"2026-01-02T03:05:15Z"}"#,
            ]
        )
    }

    @Test func `lines that stay on a terminal are in columns`() {
        var view = TerminalView(palette: .plain)
        let lines = Self.events.flatMap { view.lines(for: $1, at: Sample.later($0)) }
        #expect(
            lines == [
                "baking storefront 2 images, 4 steps: 2 cached, 1 will run, 1 depends, 2 jobs",
                "✓ base:from            cached   42.1 MB  debian bookworm (important)",
                "✓ web:site              1.5 s    1.5 kB  copy site -> /srv/www",
                "✗ web:run-1             1.0 s    failed  ended with status 1\\x07",
                "- app:run-2           skipped            because web:run-1 failed",
                "bake failed after 3.2 s: web:run-1: ended with status 1\\x07",
            ]
        )
    }

    @Test func `what runs has a line with its time, cut to the terminal`() {
        var view = TerminalView(palette: .plain)
        for (second, event) in Self.events.prefix(3) { _ = view.lines(for: event, at: Sample.later(second)) }
        _ = view.lines(for: .stepWaiting(Sample.run), at: Sample.later(1))
        #expect(
            view.render(columns: 64, rows: 24, now: Sample.later(1.5)) == [
                "⠋ web:site              1.0 s            copy site -> /srv/www",
                "⠴ web:run-1             0.5 s   waiting  run echo \\x1b[31mred\\x…",
                "1 of 4 steps, 1.5 s",
            ]
        )
        #expect(
            view.render(columns: 10, rows: 3, now: Sample.later(1.5)) == ["  and 2 m…", "1 of 4 st…"]
        )
        #expect(view.render(columns: 1, rows: 1, now: Sample.later(1.5)).allSatisfy { DisplayWidth.of($0) <= 1 })
    }

    @Test func `a frame draws over the last one and counts wrapped lines`() {
        var painter = TerminalPainter()
        let begin = "\u{1b}[?2026h\u{1b}[?25l"
        let end = "\u{1b}[J\u{1b}[?2026l"
        #expect(painter.frame(permanent: [], live: ["123456"], columns: 10) == begin + "123456\u{1b}[K\n" + end)
        // The terminal became narrower: the line takes two rows now.
        #expect(
            painter.frame(permanent: ["done"], live: ["\u{1b}[36mab\u{1b}[0m"], columns: 4)
                == begin + "\u{1b}[2A\rdone\u{1b}[K\n\u{1b}[36mab\u{1b}[0m\u{1b}[K\n" + end
        )
        #expect(
            painter.frame(permanent: [], live: [], columns: 4)
                == begin + "\u{1b}[1A\r\u{1b}[J" + TerminalPainter.showCursor + "\u{1b}[?2026l"
        )
    }

    @Test func `an event is a line of JSON`() {
        #expect(
            JSONLines.line(for: Self.events[3].1, at: Sample.later(2))
                == #"{"event":"step-finished","image":"web","layers":[],"milliseconds":1500,"origin":"ran","#
                + #""reason":"'site' changed","size":1500,"step":"web:site","time":"2026-01-02T03:04:07Z"}"#
        )
        #expect(
            JSONLines.line(for: .interrupted, at: Sample.start)
                == #"{"event":"interrupted","time":"2026-01-02T03:04:05Z"}"#
        )
    }

    @Test func `automatic progress looks at the terminal`() {
        #expect(ProgressMode.auto.resolved(isTerminal: true, environment: ["TERM": "xterm"]) == .tty)
        #expect(ProgressMode.auto.resolved(isTerminal: true, environment: ["TERM": "dumb"]) == .plain)
        #expect(ProgressMode.auto.resolved(isTerminal: false, environment: ["TERM": "xterm"]) == .plain)
        #expect(ProgressMode.json.resolved(isTerminal: true, environment: [:]) == .json)
    }
}
