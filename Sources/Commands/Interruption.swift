import Dispatch
import Glibc
import Reporting
import Synchronization
import SystemIO

/// SIGINT, SIGTERM and SIGHUP as cancellation of what runs.
enum Interruption {
    private static let received = Mutex<Int32?>(nil)

    /// The signal that came last.
    static var lastSignal: Int32? { received.withLock { $0 } }

    /// What there is for a tidy end; the promise is two seconds for all of it.
    private static let graceMilliseconds: UInt32 = 1500

    /// Runs `body`; the first signal cancels it, and a second one, or the end of the grace, ends the process at once.
    ///
    /// Ending at once is safe: sandboxes end with this process, and the next bake removes what lies about.
    /// `cancel` is called at the first, and `abandon` before an end by the second. Both may wait for a terminal that
    /// nobody reads, so they run on threads of their own and nothing waits for them for long.
    static func cancelling<Value: Sendable>(
        cancel: @escaping @Sendable () -> Void = {},
        abandon: @escaping @Sendable () -> Void = {},
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await body() }
        let told = DispatchSemaphore(value: 0)
        let watch = try SignalWatch.start { signal in
            let isFirst = received.withLock { last in
                defer { last = signal }
                return last == nil
            }
            if isFirst {
                LastResort.after(milliseconds: graceMilliseconds) { end(by: signal, abandon) }
                task.cancel()
                LastResort.after(milliseconds: 0) {
                    cancel()
                    told.signal()
                }
            } else {
                end(by: signal, abandon)
            }
        }
        defer { watch.stop() }
        do {
            return try await task.value
        } catch {
            // What is said at a signal is not to be cut off by an end that comes at once.
            if lastSignal != nil { wait(for: told) }
            throw error
        }
    }

    private static func wait(for told: DispatchSemaphore) {
        _ = told.wait(timeout: .now() + .milliseconds(Int(graceMilliseconds)))
    }

    /// Ends the process, after a moment for `abandon`.
    private static func end(by signal: Int32, _ abandon: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        LastResort.after(milliseconds: 0) {
            abandon()
            done.signal()
        }
        _ = done.wait(timeout: .now() + .milliseconds(100))
        _exit(ExitStatus.interrupted(by: signal))
    }
}
