package import Baking
import OCI
import Planning
import SystemIO
import SystemPackage

/// The events of a bake as JSON, one object a line: `event` names it, `time` is UTC.
package enum JSONLines {
    package static func line(for event: BakeEvent, at now: Moment) -> String {
        var members = self.members(of: event)
        members["time"] = .string(Timestamp.text(seconds: now.wall))
        return JSONValue.object(members).canonicalText
    }

    /// A line that says that work goes on, with the steps that run.
    package static func line(atWork progress: BakeProgress, at now: Moment) -> String {
        let document: JSONValue = .object([
            "event": "at-work", "steps": .strings(progress.running.map(\.name.description)),
            "time": .string(Timestamp.text(seconds: now.wall)),
        ])
        return document.canonicalText
    }

    /// A line of a failed step's output.
    package static func line(output: String, of name: StepName, at now: Moment) -> String {
        let document: JSONValue = .object([
            "event": "output", "step": .string(name.description), "line": .string(output),
            "time": .string(Timestamp.text(seconds: now.wall)),
        ])
        return document.canonicalText
    }

    private static func members(of event: BakeEvent) -> [String: JSONValue] {
        switch event {
        case .started(let plan, let jobs):
            let counts = PlanCounts(plan)
            return [
                "event": "started", "project": .string(plan.project), "jobs": .integer(Int64(jobs)),
                "images": .strings(plan.images.map(\.name)), "cached": .integer(Int64(counts.cached)),
                "willRun": .integer(Int64(counts.willRun)), "depends": .integer(Int64(counts.depends)),
            ]
        case .stepStarted(let name): return step("step-started", name)
        case .stepWaiting(let name): return step("step-waiting", name)
        case .stepFinished(let name, let outcome):
            let more: [String: JSONValue] = [
                "origin": .string(outcome.origin.rawValue), "reason": .string(outcome.reason),
                "layers": .strings(outcome.layers.map(\.description)), "size": .integer(outcome.size),
                "milliseconds": milliseconds(outcome.seconds),
            ]
            return step("step-finished", name).merging(more) { $1 }
        case .stepFailed(let name, let failure):
            var members = step("step-failed", name)
            members["message"] = .string(failure.message)
            members["milliseconds"] = milliseconds(failure.seconds)
            if let log = failure.log { members["log"] = .string(log.string) }
            return members
        case .stepSkipped(let name, let cause):
            return step("step-skipped", name).merging(["because": .string(cause.description)]) { $1 }
        case .imageFinished(let name, let identity, let layerCount, let size):
            return [
                "event": "image-finished", "image": .string(name), "identity": .string(identity.description),
                "layerCount": .integer(Int64(layerCount)), "size": .integer(size),
            ]
        case .interrupted: return ["event": "interrupted"]
        case .finished(let succeeded): return ["event": "finished", "succeeded": .bool(succeeded)]
        }
    }

    private static func step(_ event: String, _ name: StepName) -> [String: JSONValue] {
        ["event": .string(event), "step": .string(name.description), "image": .string(name.image)]
    }

    private static func milliseconds(_ seconds: Double) -> JSONValue { .integer(Int64((seconds * 1000).rounded())) }
}
