package import Baking
import OCI
import Planning

/// The events of a bake as plain lines: a UTC time, then what happened.
///
/// No escape sequences, nothing cut.
package struct PlainLog: Sendable {
    /// Seconds without a line after which the running steps are named.
    package static let heartbeat = 30.0

    package private(set) var progress = BakeProgress()
    private var lastLine: Moment

    /// `now` is when the silence begins that is broken at last.
    package init(now: Moment = .now) { lastLine = now }

    /// The lines for an event.
    package mutating func lines(for event: BakeEvent, at now: Moment) -> [String] {
        progress.apply(event, at: now)
        return stamped(texts(for: event, at: now), at: now)
    }

    /// A line that names what runs, where nothing was said for a while.
    ///
    /// Ask about once a second.
    package mutating func tick(at now: Moment) -> [String] {
        guard progress.succeeded == nil, now.steady - lastLine.steady >= Self.heartbeat else { return [] }
        if progress.running.isEmpty { return stamped(["still at work"], at: now) }
        let names = progress.running.map { running in
            "\(running.name) (\(running.isWaiting ? "waiting, " : "")"
                + "\(Durations.text(now.steady - running.since.steady)))"
        }
        return stamped(["still running: \(names.joined(separator: ", "))"], at: now)
    }

    private mutating func stamped(_ texts: [String], at now: Moment) -> [String] {
        if !texts.isEmpty { lastLine = now }
        return texts.map { "\(Timestamp.text(seconds: now.wall)) \($0.neutralised)" }
    }

    private func texts(for event: BakeEvent, at now: Moment) -> [String] {
        switch event {
        case .started(let plan, let jobs):
            return [
                "bake \(plan.project): \(Counts.text(plan.images.count, "image")), \(PlanCounts(plan).text), "
                    + "\(Counts.text(jobs, "job"))"
            ]
        case .stepStarted(let name): return ["\(name) starts: \(progress.title(of: name))"]
        case .stepWaiting(let name): return ["\(name) waits for another bake that runs the same step"]
        case .stepFinished(let name, let outcome): return [Self.finished(name, outcome)]
        case .stepFailed(let name, let failure):
            return ["\(name) failed after \(Durations.text(failure.seconds)): \(failure.headline)"] + failure.details
        case .stepSkipped(let name, let cause): return ["\(name) skipped, because \(cause) failed"]
        case .imageFinished(let name, let identity, let layerCount, let size):
            return ["\(name) is \(identity), \(Counts.text(layerCount, "layer")), \(Sizes.text(size))"]
        case .interrupted: return ["interrupted: stopping what runs"]
        case .finished(let succeeded): return [ending(succeeded, at: now)]
        }
    }

    private static func finished(_ name: StepName, _ outcome: StepOutcome) -> String {
        let size = Sizes.text(outcome.size)
        return switch outcome.origin {
        case .cached: "\(name) cached, \(size)"
        case .ran: "\(name) done in \(Durations.text(outcome.seconds)), \(size): \(outcome.reason)"
        case .reused: "\(name) reused from another bake after \(Durations.text(outcome.seconds)), \(size)"
        case .shared: "\(name) fetched from the shared cache in \(Durations.text(outcome.seconds)), \(size)"
        }
    }

    private func ending(_ succeeded: Bool, at now: Moment) -> String { BakeEnding.text(progress, succeeded, at: now) }
}

/// The last line of a bake, the same on a terminal and in a log.
enum BakeEnding {
    static func text(_ progress: BakeProgress, _ succeeded: Bool, at now: Moment) -> String {
        let time = Durations.text(progress.elapsed(at: now))
        if succeeded {
            return "baked in \(time): \(Counts.text(progress.finishedCount, "step")), \(progress.cachedCount) cached"
        }
        if progress.isInterrupted { return "bake interrupted after \(time)" }
        guard let first = progress.failures.first else { return "bake failed after \(time)" }
        return "bake failed after \(time): \(first.name): \(first.failure.headline)"
    }
}
