import OCI
import Reporting
import SystemIO

/// Work that takes its time and has nothing to show meanwhile.
enum Waiting {
    /// Runs `body`, which signals cancel, and says now and then on standard error that it goes on.
    ///
    /// `interrupted` is what is said when a signal comes: what is left, and how to go on.
    static func saying<Value: Sendable>(
        _ text: String,
        interrupted: String? = nil,
        every interval: Duration = .seconds(PlainLog.heartbeat),
        say: @escaping @Sendable (String) -> Void = { Console.say($0) },
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Interruption.cancelling(cancel: { interrupted.map(say) }) {
            try await telling(text, every: interval, say: say, body)
        }
    }

    /// The same inside of work that signals cancel already.
    static func telling<Value: Sendable>(
        _ text: String,
        every interval: Duration = .seconds(PlainLog.heartbeat),
        say: @escaping @Sendable (String) -> Void = { Console.say($0) },
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while (try? await Task.sleep(for: interval)) != nil {
                    say("\(Timestamp.text(seconds: Moment.now.wall)) \(text.neutralised)")
                }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let value = ended { return value }
            }
            throw CancellationError()
        }
    }
}
