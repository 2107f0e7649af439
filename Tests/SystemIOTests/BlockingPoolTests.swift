import SystemIO
import Testing

@Suite struct BlockingPoolTests {
    /// With one pool for both, none of these would ever end.
    @Test(.timeLimit(.minutes(5)))
    func `what computes on all processors leaves a thread to what waits for a disk`() async throws {
        let isDone = CancellationFlag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<WorkerThread.processorCount {
                group.addTask { await computing(until: isDone) }
            }
            group.addTask { try await BlockingPool.shared.run { isDone.set() } }
            try await group.waitForAll()
        }
    }

    private func computing(until end: CancellationFlag) async {
        await #expect(throws: CancellationError.self) {
            try await BlockingPool.computing.run { while true { try end.check() } }
        }
    }
}
