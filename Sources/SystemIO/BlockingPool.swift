import Dispatch

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
}
