/// How often and how long after a failure a request is made again.
///
/// A value: it decides, and somebody else waits.
package struct RetryPolicy: Sendable, Hashable {
    /// Tries altogether.
    package var attempts: Int
    /// The longest pause after the first failure; it doubles with each further one.
    package var base: Duration
    /// No pause of our own is longer.
    package var longest: Duration
    /// A server that asks for a longer pause than this is not waited for.
    package var longestAsked: Duration

    package init(
        attempts: Int = 5,
        base: Duration = .milliseconds(500),
        longest: Duration = .seconds(20),
        longestAsked: Duration = .seconds(120)
    ) {
        self.attempts = attempts
        self.base = base
        self.longest = longest
        self.longestAsked = longestAsked
    }

    /// The pause before the next try, or nil where there is none.
    ///
    /// `failures` counts from 1. `asked` is what the server said in `Retry-After`: never less is waited. `jitter`, from
    /// 0 to 1, spreads the tries of many clients over the upper half of the pause.
    package func pause(afterFailure failures: Int, asked: Duration? = nil, jitter: Double) -> Duration? {
        guard failures < attempts else { return nil }
        if let asked, asked > longestAsked { return nil }
        let doublings = min(failures - 1, 20)
        let whole = min(base * (1 << doublings), longest)
        let own = whole / 2 + whole / 2 * min(max(jitter, 0), 1)
        return max(own, asked ?? .zero)
    }

    /// Whether a status says that the same request may succeed later (RFC 9110 section 15, RFC 6585 section 4).
    package static func isTransient(status: Int) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }
}

/// The time and the waiting that retries need; tests have their own.
package struct RetryClock: Sendable {
    /// Seconds since 1970.
    package var now: @Sendable () -> Int64
    /// Seconds from a fixed point, never back.
    package var steady: @Sendable () -> Double
    package var wait: @Sendable (Duration) async throws -> Void
    /// From 0 to 1.
    package var jitter: @Sendable () -> Double

    package init(
        now: @escaping @Sendable () -> Int64,
        steady: @escaping @Sendable () -> Double,
        wait: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.steady = steady
        self.wait = wait
        self.jitter = jitter
    }
}
