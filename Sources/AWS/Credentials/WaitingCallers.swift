import Synchronization

/// Callers that wait for what one of them is getting for all.
final class WaitingCallers: Sendable {
    private typealias Turn = CheckedContinuation<Credentials?, any Error>

    private struct State: Sendable {
        var next = 0
        var turns: [Int: Turn] = [:]
    }

    private let state = Mutex(State())

    /// Waits for `release`: gives what it got or throws it; nil where the caller that was getting it was cancelled.
    ///
    /// Throws `CancellationError` as soon as the task that waits is cancelled.
    func wait() async throws -> Credentials? {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turn in
                state.withLock { $0.turns[number] = turn }
                // A cancellation before this line found nobody to wake.
                if Task.isCancelled { leave(number) }
            }
        } onCancel: {
            leave(number)
        }
    }

    func release(_ result: Result<Credentials, any Error>?) {
        let turns = state.withLock { state in
            defer { state.turns = [:] }
            return Array(state.turns.values)
        }
        for turn in turns {
            if let result { turn.resume(with: result.map { $0 }) } else { turn.resume(returning: nil) }
        }
    }

    private func leave(_ number: Int) {
        state.withLock { $0.turns.removeValue(forKey: number) }?.resume(throwing: CancellationError())
    }
}
