package import Baking
package import Planning

/// How far a bake is: what its events add up to.
///
/// Renderers are functions of this.
package struct BakeProgress: Sendable {
    /// A step that is at work, or waits for another bake.
    package struct Running: Sendable, Hashable {
        package let name: StepName
        package let since: Moment
        package internal(set) var isWaiting = false
    }

    package private(set) var plan: Plan?
    package private(set) var jobs = 0
    package private(set) var began: Moment?
    /// In the order in which they began.
    package private(set) var running: [Running] = []
    package private(set) var finishedCount = 0
    package private(set) var cachedCount = 0
    /// In the order in which they happened.
    package private(set) var failures: [(name: StepName, failure: StepFailure)] = []
    package private(set) var isInterrupted = false
    /// nil while the bake runs.
    package private(set) var succeeded: Bool?
    private var titles: [StepName: String] = [:]

    package init() {}

    package mutating func apply(_ event: BakeEvent, at now: Moment) {
        switch event {
        case .started(let plan, let jobs):
            self.plan = plan
            self.jobs = jobs
            began = now
            for image in plan.images {
                for step in image.steps { titles[StepName(image: image.name, address: step.address)] = step.title }
            }
        case .stepStarted(let name):
            remove(name)
            running.append(Running(name: name, since: now))
        case .stepWaiting(let name):
            if let position = running.firstIndex(where: { $0.name == name }) {
                running[position].isWaiting = true
            } else {
                running.append(Running(name: name, since: now, isWaiting: true))
            }
        case .stepFinished(let name, let outcome):
            remove(name)
            finishedCount += 1
            if outcome.origin != .ran { cachedCount += 1 }
        case .stepFailed(let name, let failure):
            remove(name)
            failures.append((name, failure))
        case .stepSkipped(let name, _): remove(name)
        case .imageFinished: break
        case .interrupted: isInterrupted = true
        case .finished(let succeeded):
            self.succeeded = succeeded
            running = []
        }
    }

    /// The steps of the whole plan.
    package var stepCount: Int { plan.map { PlanCounts($0).total } ?? 0 }

    /// What a step does, in words.
    package func title(of name: StepName) -> String { titles[name] ?? "" }

    /// Seconds since the bake began.
    package func elapsed(at now: Moment) -> Double { began.map { now.steady - $0.steady } ?? 0 }

    private mutating func remove(_ name: StepName) { running.removeAll { $0.name == name } }
}
