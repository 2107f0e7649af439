package import HTTPTransport

/// Looks at something again and again until it is as it has to be.
///
/// There is no fixed number of looks: a wait ends when what is looked at says so, or when its patience does, if that ends.
package struct Waiter: Sendable {
    /// What a look finds.
    package enum Look<Value: Sendable>: Sendable {
        case done(Value)
        /// Why it is not done, in words that follow the name of what is waited for.
        case pending(String)
        /// The same where nothing is there, which cannot become done after minutes in which nothing is known of it.
        case unknown(String)
    }

    /// Of the first pause; each further one is half as long again.
    package var first: Duration
    package var longest: Duration
    /// Nil is without end: what is pending for long may still come.
    package var patience: Duration?
    /// So many looks in turn have to find it done: services answer from several places, which do not agree at once.
    package var agreeing: Int
    private let clock: RetryClock

    package init(
        first: Duration = .seconds(1),
        longest: Duration = .seconds(15),
        patience: Duration?,
        agreeing: Int = 1,
        clock: RetryClock
    ) {
        self.first = first
        self.longest = longest
        self.patience = patience
        self.agreeing = agreeing
        self.clock = clock
    }

    /// So often is said what is waited for: seconds.
    private static let heartbeat = 30.0
    /// What was made is known everywhere before: seconds.
    private static let longestUnknown = 300.0

    /// Throws `WaitEnded`, or what a look throws.
    package func wait<Value: Sendable>(
        for what: String,
        say: @Sendable (String) -> Void,
        _ look: () async throws -> Look<Value>
    ) async throws -> Value {
        let start = clock.steady()
        var pause = first
        var said = start
        var agreed = 0
        var seen = start
        while true {
            let found = try await look()
            let now = clock.steady()
            switch found {
            case .done(let value):
                (agreed, seen) = (agreed + 1, now)
                if agreed >= agreeing { return value }
            case .pending(let words), .unknown(let words):
                agreed = 0
                if case .pending = found { seen = now }
                let isOver = patience.map { now - start >= Double($0.components.seconds) } ?? false
                if isOver || now - seen >= Self.longestUnknown {
                    throw WaitEnded(what: what, state: words, seconds: Int(now - start))
                }
                if now - said >= Self.heartbeat {
                    said = now
                    say("\(what) \(words), for \(Int(now - start)) s now")
                }
            }
            try await clock.wait(pause / 2 + pause / 2 * clock.jitter())
            pause = min(pause + pause / 2, longest)
        }
    }
}

/// A wait came to the end of its patience; what was waited for may still come.
package struct WaitEnded: Error, Sendable, Hashable, CustomStringConvertible {
    package let what: String
    package let state: String
    package let seconds: Int

    package init(what: String, state: String, seconds: Int) {
        self.what = what
        self.state = state
        self.seconds = seconds
    }

    package var description: String { "\(what) \(state) after \(seconds) s" }
}
