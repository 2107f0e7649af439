import Dispatch
import Synchronization

/// Threads for calls that block, so that the cooperative pool never waits for a disk or a child.
package struct BlockingPool: Sendable {
    package static let shared = BlockingPool()

    /// For what computes for long.
    ///
    /// Dispatch starts no more threads of one quality of service than there are processors as long as they all compute;
    /// here they are others, so that `shared` keeps one.
    package static let computing = BlockingPool(.utility)

    private let queue: DispatchQueue

    private init(_ quality: DispatchQoS = .unspecified) {
        queue = DispatchQueue(label: "ovenbird.blocking", qos: quality, attributes: .concurrent)
    }

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

extension BlockingPool {
    /// Waits for `body` on a thread that may block, which no thread of the cooperative pool is.
    package static func wait<Value: Sendable>(for body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let outcome = Outcome<Value>()
        Task {
            do {
                outcome.set(.success(try await body()))
            } catch {
                outcome.set(.failure(error))
            }
        }
        return try outcome.wait()
    }
}

/// Is set once by a task, and waited for once by a thread.
private final class Outcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let isSet = DispatchSemaphore(value: 0)

    func set(_ result: Result<Value, any Error>) {
        self.result.withLock { $0 = result }
        isSet.signal()
    }

    func wait() throws -> Value {
        isSet.wait()
        guard let result = result.withLock({ $0 }) else { preconditionFailure("it is set before the signal") }
        return try result.get()
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
