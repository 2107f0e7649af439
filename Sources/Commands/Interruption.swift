import Glibc
import Reporting
import Synchronization
import SystemIO

/// SIGINT, SIGTERM and SIGHUP as cancellation of what runs.
enum Interruption {
    private static let received = Mutex<Int32?>(nil)

    /// The signal that came last.
    static var lastSignal: Int32? { received.withLock { $0 } }

    /// Runs `body`; the first signal cancels it, a second one ends the process at once.
    ///
    /// `abandon` is called before such an end; it has to be quick.
    static func cancelling<Value: Sendable>(
        abandon: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await body() }
        let watch = try SignalWatch.start { signal in
            let isFirst = received.withLock { last in
                defer { last = signal }
                return last == nil
            }
            if isFirst {
                task.cancel()
            } else {
                abandon()
                _exit(ExitStatus.interrupted(by: signal))
            }
        }
        defer { watch.stop() }
        return try await task.value
    }
}
