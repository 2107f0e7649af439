import Dispatch
import Synchronization

/// Items on their way from one thread to others, in batches; few batches wait at a time, so that what they hold is
/// bounded.
final class BatchQueue<Item: Sendable>: Sendable {
    private struct State {
        var batches: [[Item]] = []
        var done: [[Item]] = []
        var failure: LayerError?
        var failedAt = Int.max
    }

    private let state = Mutex(State())
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    /// `mostWaiting` batches may wait, before whoever brings the next one has to.
    init(mostWaiting: Int) {
        // libdispatch aborts where a semaphore goes with less than it began with, so it begins with nothing.
        for _ in 0..<mostWaiting { room.signal() }
    }

    /// The failure that counts so far.
    var failure: LayerError? { state.withLock { $0.failure } }

    /// Of several failures the one with the lowest number counts, and the first of these.
    func fail(_ error: LayerError, at number: Int = 0) {
        state.withLock { state in
            if number < state.failedAt { (state.failure, state.failedAt) = (error, number) }
        }
    }

    /// Waits until there is room; no items are the end for one of those who take them.
    ///
    /// Lets go of what was given back: memory is freed without a lock by the thread that took it only.
    func put(_ items: [Item]) {
        room.wait()
        var done: [[Item]] = []
        state.withLock { state in
            state.batches.append(items)
            swap(&done, &state.done)
        }
        filled.signal()
    }

    /// The next batch; nil at the end, which must be waited for also after a failure.
    func next() -> [Item]? {
        filled.wait()
        let batch = state.withLock { $0.batches.removeFirst() }
        room.signal()
        return batch.isEmpty ? nil : batch
    }

    /// Takes a batch that is done with, for the thread that made it to let go of.
    func giveBack(_ batch: [Item]) {
        state.withLock { $0.done.append(batch) }
    }
}
