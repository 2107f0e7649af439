import Synchronization

/// What a thread of its own computes.
package final class WorkerResult<Value: Sendable> {
    private final class Outcome: Sendable {
        let value = Mutex<Value?>(nil)
    }

    private let outcome = Outcome()
    private let thread: WorkerThread

    /// Starts `body`.
    package init(_ body: @escaping @Sendable () -> Value) throws(SystemError) {
        thread = try WorkerThread { [outcome] in
            let value = body()
            outcome.value.withLock { $0 = value }
        }
    }

    /// Waits until the body has returned.
    package func wait() -> Value {
        thread.join()
        guard let value = outcome.value.withLock({ $0 }) else { preconditionFailure("the thread has ended") }
        return value
    }
}
