import Synchronization

/// How many repetitions all calls of a run have together, so that a service in trouble is not asked ever more often.
///
/// Source of the numbers: AWS SDKs reference, "Retry behavior", standard mode.
final class RetryBudget: Sendable {
    private static let capacity = 500
    private static let price = 5

    private let left = Mutex(RetryBudget.capacity)

    /// False where there is nothing left.
    func take() -> Bool {
        left.withLock { left in
            guard left >= Self.price else { return false }
            left -= Self.price
            return true
        }
    }

    /// A call succeeded.
    func giveBack() {
        left.withLock { $0 = min(Self.capacity, $0 + 1) }
    }
}
