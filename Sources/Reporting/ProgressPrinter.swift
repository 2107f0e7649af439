package import Baking
import Synchronization
import SystemPackage

/// Shows a bake while it runs: takes its events from any thread and writes text.
package final class ProgressPrinter: Sendable {
    /// At most so many frames a second on a terminal.
    package static let framesPerSecond = 10.0

    private struct State {
        var plain: PlainLog
        /// Of JSON, when the last line was written.
        var progress = BakeProgress()
        var lastLine: Moment
        var view: TerminalView
        var painter = TerminalPainter()
        var queued: [String] = []
        var lastFrame = -Double.infinity
        var failures: [(name: StepName, failure: StepFailure)] = []
        var isClosed = false
        var isInterrupted = false
    }

    private let mode: ProgressMode
    private let state: Mutex<State>
    private let size: @Sendable () -> (columns: Int, rows: Int)
    private let write: @Sendable (String) -> Void

    /// A printer; `mode` is not `auto`.
    ///
    /// The size of the terminal is asked before each frame. `write` takes text whole, from one thread at a time.
    package init(
        mode: ProgressMode,
        palette: Palette,
        size: @escaping @Sendable () -> (columns: Int, rows: Int),
        now: Moment = .now,
        write: @escaping @Sendable (String) -> Void
    ) {
        precondition(mode != .auto, "the mode is resolved first")
        self.mode = mode
        self.state = Mutex(State(plain: PlainLog(now: now), lastLine: now, view: TerminalView(palette: palette)))
        self.size = size
        self.write = write
    }

    package func handle(_ event: BakeEvent, at now: Moment = .now) {
        state.withLock { state in
            if case .interrupted = event {
                // Told once: by who catches the signal, or by the bake.
                if state.isInterrupted { return }
                state.isInterrupted = true
            }
            if case .stepFailed(let name, let failure) = event { state.failures.append((name, failure)) }
            let isLast = if case .finished = event { true } else { false }
            switch mode {
            case .tty:
                if isLast { draw(&state, now, live: false) }
                if isLast { showFailures(state.failures, at: now) }
                state.queued += state.view.lines(for: event, at: now)
                if isLast { draw(&state, now, live: false) } else { drawIfDue(&state, now) }
                state.isClosed = state.isClosed || isLast
            case .json:
                if isLast { showFailures(state.failures, at: now) }
                state.progress.apply(event, at: now)
                state.lastLine = now
                put([JSONLines.line(for: event, at: now)])
            case .quiet:
                if isLast { showFailures(state.failures, at: now) }
            case .plain, .auto:
                if isLast { showFailures(state.failures, at: now) }
                put(state.plain.lines(for: event, at: now))
            }
        }
    }

    /// Redraws, or says that work goes on.
    ///
    /// Call about `framesPerSecond` times a second.
    package func tick(at now: Moment = .now) {
        state.withLock { state in
            switch mode {
            case .tty: drawIfDue(&state, now)
            case .plain: put(state.plain.tick(at: now))
            case .json:
                let isSilent = now.steady - state.lastLine.steady >= PlainLog.heartbeat
                guard isSilent, state.progress.succeeded == nil else { return }
                state.lastLine = now
                put([JSONLines.line(atWork: state.progress, at: now)])
            case .quiet, .auto: break
            }
        }
    }

    /// Removes what is drawn and brings the cursor back; nothing is drawn afterwards.
    package func close(at now: Moment = .now) { state.withLock { close(&$0, now) } }

    /// The same before an end at once: does without where another thread is at it, which may wait for a reader for ever.
    package func closeIfFree(at now: Moment = .now) { _ = state.withLockIfAvailable { close(&$0, now) } }

    private func close(_ state: inout State, _ now: Moment) {
        if mode == .tty, !state.isClosed { draw(&state, now, live: false) }
        state.isClosed = true
    }

    private func drawIfDue(_ state: inout State, _ now: Moment) {
        // The clock of a frame may be a little early against that of the ticks.
        if now.steady - state.lastFrame >= 0.95 / Self.framesPerSecond { draw(&state, now, live: true) }
    }

    private func draw(_ state: inout State, _ now: Moment, live: Bool) {
        guard !state.isClosed else { return }
        let size = size()
        let lines = live ? state.view.render(columns: size.columns, rows: size.rows, now: now) : []
        write(state.painter.frame(permanent: state.queued, live: lines, columns: size.columns))
        state.queued = []
        state.lastFrame = now.steady
    }

    private func put(_ lines: [String]) {
        if !lines.isEmpty { write(lines.map { $0 + "\n" }.joined()) }
    }

    /// Each failed step's complete output, once; a line that says why, where it cannot be read.
    private func showFailures(_ failures: [(name: StepName, failure: StepFailure)], at now: Moment) {
        for (name, failure) in failures {
            if mode == .quiet { put((["\(name) failed: \(failure.headline)"] + failure.details).map(\.neutralised)) }
            guard let log = failure.log else { continue }
            if mode == .json {
                try? FailureOutput.stream(name, log: log, prefixed: false) { line in
                    put([JSONLines.line(output: line, of: name, at: now)])
                }
                continue
            }
            put(["output of \(name):".neutralised])
            do {
                try FailureOutput.stream(name, log: log) { put([$0]) }
            } catch {
                put(["the output of \(name) cannot be shown: \(error)".neutralised])
            }
        }
    }
}
