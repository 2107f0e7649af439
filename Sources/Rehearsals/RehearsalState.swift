import HTTPTransport

/// What is known of a rehearsed machine so far.
struct RehearsalState {
    var signals: SignalTally
    var containers: ContainerTally
    let health: PageProbe?

    /// Seconds.
    private static let grace = 60.0

    private var hasBegun = false
    /// Seconds from the power on.
    private var endedAt: Double?
    private var pageFailure: String?
    private var isHealthy = false
    private var failures: [String] = []
    /// What Docker was told to run and did not: no failure where the machine signals success all the same.
    private var refused: [String] = []

    init(signals: SignalTally, containers: ContainerTally, health: PageProbe?) {
        self.signals = signals
        self.containers = containers
        self.health = health
    }

    /// Takes a line of the machine, or of what answers it; what there is to tell of it.
    ///
    /// `seconds` is the time from the power on.
    mutating func take(_ text: String, at seconds: Double = 0) -> String? {
        guard let line = RehearsalLine(text), let first = line.words.first else { return nil }
        switch (line.kind, first) {
        case ("cloud-init", _): return "cloud-init has found the instance metadata"
        case ("userdata", "begins"):
            hasBegun = true
            return "the userdata begins"
        case ("userdata", "ended"):
            endedAt = seconds
            return "the userdata has ended"
        case ("docker", let status):
            guard line.words.count > 3 else { return nil }
            let command = line.words.dropFirst(3).joined(separator: " ")
            if status == "0" {
                if line.words[1] != "detached" { containers.take(ended: line.words[2]) }
                return "docker \(command)"
            }
            refused.append("'docker \(command)' ended with status \(status)")
            return "docker \(command): status \(status)"
        case ("container", _): return containers.take(line.words, at: seconds)
        case ("signal", _): return take(Signal(told: line.words))
        case ("put", let handle):
            do {
                return take(try Signal(put: line.words.dropFirst().joined(separator: "\n"), to: handle))
            } catch {
                failures.append(error.reason)
                return error.reason
            }
        case ("refused", let reason):
            failures.append("a signal is refused: \(reason)")
            return "a signal is refused: \(reason)"
        default: return nil
        }
    }

    private mutating func take(_ signal: Signal) -> String {
        let (text, wrong) = signals.take(signal)
        failures += wrong
        return text
    }

    /// Whether the page may be there, and was not yet.
    var asksForPage: Bool { hasBegun && health != nil && !isHealthy }

    /// Takes what is wrong with the page; what there is to tell of it.
    mutating func take(page failure: String?) -> String? {
        pageFailure = failure
        guard failure == nil, let health else { return nil }
        isHealthy = true
        return "the page :\(health.port)\(health.path) answers"
    }

    private var lackOfPage: String? {
        guard let health, !isHealthy else { return nil }
        return "the page :\(health.port)\(health.path) does not answer as it has to: \(pageFailure ?? "not asked")"
    }

    /// How it ends: what is wrong, nothing where all is well; nil as long as that is not clear.
    ///
    /// What the userdata has started may signal for a while after its end, and start containers; to a wait condition it may for as
    /// long as that has time.
    func end(at seconds: Double, limit: Double) -> [String]? {
        let late = signals.late(at: seconds)
        if !failures.isEmpty || !late.isEmpty { return failures + late + refused }
        if let endedAt, seconds - endedAt > Self.grace {
            let lacks = containers.lacksOfContainers + [signals.lackOfResources].compactMap { $0 }
            if !lacks.isEmpty { return lacks.map { "the userdata has ended, and \($0)" } + refused }
        }
        if endedAt != nil, !signals.hasAny, signals.lacks.isEmpty, !refused.isEmpty { return refused }
        let lacks = containers.lacks(at: seconds) + [lackOfPage].compactMap { $0 } + signals.lacks
        if lacks.isEmpty, endedAt != nil || signals.hasAny { return [] }
        guard seconds > limit else { return nil }
        if !hasBegun { return ["the machine did not come to run its userdata"] }
        return refused + (lacks.isEmpty ? ["the userdata does not end"] : lacks)
    }
}
