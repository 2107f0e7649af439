import SystemIO

extension RetryClock {
    /// The clocks of the machine.
    package static let system = RetryClock(
        now: { SystemClock.wall / 1_000_000_000 },
        steady: { Double(SystemClock.steady) / 1e9 },
        wait: { try await Task.sleep(for: $0) },
        jitter: { .random(in: 0...1) }
    )
}
