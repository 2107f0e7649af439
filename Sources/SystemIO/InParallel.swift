import Dispatch
import Synchronization

/// The values of `body` for 0 up to `count`, in that order, computed by at most `threads` threads.
///
/// Of several that throw the first in order counts, so that the outcome is the same for any number of threads.
package func inParallel<Value: Sendable>(
    _ count: Int,
    threads: Int,
    _ body: @Sendable (Int) throws -> Value
) throws -> [Value] {
    if count < 2 || threads < 2 { return try (0..<count).map(body) }
    let next = Atomic(0)
    let firstFailure = Atomic(count)
    return try withUnsafeTemporaryAllocation(of: Result<Value, any Error>?.self, capacity: count) { results in
        results.initialize(repeating: nil)
        defer { results.deinitialize() }
        // Every place is written by one thread, and read when all have ended.
        nonisolated(unsafe) let places = results
        DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                if index >= count || index > firstFailure.load(ordering: .relaxed) { return }
                let result = Result { try body(index) }
                if case .failure = result { firstFailure.min(index, ordering: .relaxed) }
                places[index] = result
            }
        }
        return try results.map { result in
            guard let result else { preconditionFailure("what comes before the first failure is computed") }
            return try result.get()
        }
    }
}
