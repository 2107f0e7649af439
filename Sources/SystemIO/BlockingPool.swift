import Dispatch
import Synchronization

/// Threads for calls that block, so that the cooperative pool never waits for a disk or a child.
package struct BlockingPool: Sendable {
    package static let shared = BlockingPool()

    private let queue = DispatchQueue(label: "ovenbird.blocking", attributes: .concurrent)

    /// Runs `body` on a thread of the pool.
    package func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }

    /// Runs `body`, which asks now and then whether the task that waits for it was cancelled.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable (CancellationFlag) throws -> Value
    ) async throws -> Value {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await run { try body(flag) }
        } onCancel: {
            flag.set()
        }
    }
}

/// Says to a blocking call that nobody wants its result any more: no task is current on its thread.
package final class CancellationFlag: Sendable {
    private let isSet = Atomic(false)

    package init() {}

    package func set() { isSet.store(true, ordering: .relaxed) }

    package func check() throws {
        if isSet.load(ordering: .relaxed) { throw CancellationError() }
    }
}
