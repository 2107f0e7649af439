package import Baking
import Planning

/// The events of a bake on a terminal: lines that stay for what is over, and a few redrawn ones for what runs.
package struct TerminalView: Sendable {
    private static let spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

    package private(set) var progress = BakeProgress()
    private let palette: Palette

    package init(palette: Palette) { self.palette = palette }

    /// Takes an event in; the lines that it leaves on the screen for good.
    package mutating func lines(for event: BakeEvent, at now: Moment) -> [String] {
        progress.apply(event, at: now)
        switch event {
        case .started(let plan, let jobs):
            let images = Counts.text(plan.images.count, "image")
            return [
                palette.bold("baking \(plan.project.neutralised)")
                    + " \(images), \(PlanCounts(plan).text), \(Counts.text(jobs, "job"))"
            ]
        case .stepStarted, .stepWaiting: return []
        case .stepFinished(let name, let outcome):
            let mark = outcome.origin == .ran ? palette.green("✓") : palette.dim("✓")
            let time = outcome.origin == .ran ? Durations.text(outcome.seconds) : outcome.origin.rawValue
            return ["\(mark) \(columns(name, time, Sizes.text(outcome.size)))  \(title(name))"]
        case .stepFailed(let name, let failure):
            let line = columns(name, Durations.text(failure.seconds), "failed")
            return ["\(palette.red("✗")) \(line)  \(palette.red(failure.headline.neutralised))"]
                + failure.details.map(\.neutralised)
        case .stepSkipped(let name, let cause):
            return [palette.dim("- \(columns(name, "skipped", ""))  because \(cause) failed".neutralised)]
        case .imageFinished(let name, let identity, let layerCount, let size):
            let layers = Counts.text(layerCount, "layer")
            return ["\(palette.bold("= \(name.neutralised)")) \(identity), \(layers), \(Sizes.text(size))"]
        case .interrupted: return [palette.yellow("interrupted: stopping what runs")]
        case .finished(let succeeded):
            let text = BakeEnding.text(progress, succeeded, at: now).neutralised
            return [succeeded ? palette.green(text) : palette.red(text)]
        }
    }

    /// The lines to redraw: one for each running step, and a summary.
    ///
    /// None is wider than `columns`.
    package func render(columns: Int, rows: Int, now: Moment) -> [String] {
        guard progress.began != nil, progress.succeeded == nil else { return [] }
        let room = max(1, rows - 2)
        let shown = progress.running.prefix(progress.running.count > room ? room - 1 : room)
        var lines = shown.map { running($0, width: columns, now: now) }
        let hidden = progress.running.count - shown.count
        if hidden > 0 { lines.append(palette.dim("  and \(hidden) more".cut(to: columns))) }
        let elapsed = Durations.text(progress.elapsed(at: now))
        let summary = "\(progress.finishedCount) of \(Counts.text(progress.stepCount, "step")), \(elapsed)"
        return lines + [palette.dim(summary.cut(to: columns))]
    }

    private func running(_ step: BakeProgress.Running, width: Int, now: Moment) -> String {
        let elapsed = now.steady - step.since.steady
        let frame = Self.spinner[Int(max(0, elapsed) * 10) % Self.spinner.count]
        let state = step.isWaiting ? "waiting" : ""
        let text = "\(columns(step.name, Durations.text(elapsed), state))  \(title(step.name))"
        return width < 3 ? "" : palette.cyan(frame) + " " + text.cut(to: width - 2)
    }

    private func columns(_ name: StepName, _ time: String, _ size: String) -> String {
        name.description.neutralised.padded(to: nameWidth) + "  " + time.alignedRight(to: 10) + "  "
            + size.alignedRight(to: 8)
    }

    private func title(_ name: StepName) -> String { progress.title(of: name).neutralised }

    /// The widest name of the plan, so that all lines are in columns; at most 32.
    private var nameWidth: Int {
        let names = progress.plan?.images.flatMap { image in
            image.steps.map { DisplayWidth.of("\(image.name):\($0.address)".neutralised) }
        }
        return min(32, names?.max() ?? 0)
    }
}
