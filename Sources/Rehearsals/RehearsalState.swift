import HTTPTransport

/// What is known of a rehearsed machine so far.
struct RehearsalState {
    let stack: String
    let waiting: Set<String>
    let health: PageProbe?

    /// Seconds.
    private static let grace = 60.0

    private var hasBegun = false
    /// Seconds from the power on.
    private var endedAt: Double?
    private var signals: [Signal] = []
    private var pageFailure: String?
    private var isHealthy = false
    private var failures: [String] = []
    /// What Docker was told to run and did not: no failure where the machine signals success all the same.
    private var refused: [String] = []

    init(stack: String, waiting: Set<String>, health: PageProbe?) {
        self.stack = stack
        self.waiting = waiting
        self.health = health
    }

    /// Takes a line of the machine; what there is to tell of it.
    ///
    /// `seconds` is the time from the power on.
    mutating func take(_ line: String, at seconds: Double = 0) -> String? {
        let parts = line.split(separator: " ").map(String.init)
        guard parts.count == 2, let bytes = Base64.decode(parts[1]) else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
        switch (parts[0], words.first) {
        case ("cloud-init", _): return "cloud-init has found the instance metadata"
        case ("userdata", "begins"):
            hasBegun = true
            return "the userdata begins"
        case ("userdata", "ended"):
            endedAt = seconds
            return "the userdata has ended"
        case ("docker", let status?):
            let command = words.dropFirst().joined(separator: " ")
            if status != "0" { refused.append("'docker \(command)' ended with status \(status)") }
            return "docker \(command)" + (status == "0" ? "" : ": status \(status)")
        case ("signal", _):
            let signal = Signal(words)
            signals.append(signal)
            failures += signal.failures(stack: stack, waiting: waiting)
            return "signal for '\(signal.resource ?? "a wait condition")': exit code \(signal.exitCode)"
        default: return nil
        }
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

    /// How it ends: what is wrong, nothing where all is well; nil as long as that is not clear.
    ///
    /// What the userdata has started may signal for a while after its end.
    func end(at seconds: Double, limit: Double) -> [String]? {
        let isLate = seconds > limit
        let hasEnded = endedAt != nil
        let signalled = signals.contains { $0.resource.map { waiting.contains($0) } ?? false }
        let needsSignal = !waiting.isEmpty && !signalled
        let needsPage = health != nil && !isHealthy
        if !failures.isEmpty { return failures + refused }
        if needsSignal, let endedAt, seconds - endedAt > Self.grace {
            let names = waiting.sorted().joined(separator: "', '")
            return ["the userdata has ended, and nothing signalled '\(names)'"] + refused
        }
        if hasEnded, signals.isEmpty, !refused.isEmpty { return refused }
        if !needsSignal, !needsPage, hasEnded || !signals.isEmpty { return [] }
        guard isLate else { return nil }
        if !hasBegun { return ["the machine did not come to run its userdata"] }
        var late = refused
        if needsPage, let health {
            late.append(
                "the page :\(health.port)\(health.path) does not answer as it has to: \(pageFailure ?? "not asked")"
            )
        }
        if needsSignal { late.append("no signal came") }
        if !needsSignal, !needsPage { late.append("the userdata does not end") }
        return late
    }
}
