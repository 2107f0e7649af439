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
        /// Somebody waits for room.
        var isPutting = false
        /// So many wait for a batch.
        var takers = 0
    }

    private let state = Mutex(State())
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let mostWaiting: Int
    /// Whoever waits is woken only for so many batches, or for so much room: to wake somebody takes as long as some files.
    private let worthWaking: Int

    /// `mostWaiting` batches may wait, before whoever brings the next one has to.
    init(mostWaiting: Int) {
        self.mostWaiting = mostWaiting
        worthWaking = max(1, mostWaiting / 2)
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
    /// Nobody else may put meanwhile. Lets go of what was given back: memory is freed without a lock by the thread that took it only.
    func put(_ items: [Item]) {
        var done: [[Item]] = []
        while true {
            let woken: Int? = state.withLock { state in
                guard state.batches.count < mostWaiting || items.isEmpty else {
                    state.isPutting = true
                    return nil
                }
                state.batches.append(items)
                swap(&done, &state.done)
                guard state.batches.count >= worthWaking || items.isEmpty else { return 0 }
                let woken = min(state.takers, state.batches.count)
                state.takers -= woken
                return woken
            }
            if let woken { return (0..<woken).forEach { _ in filled.signal() } }
            room.wait()
        }
    }

    /// The next batch; nil at the end, which must be waited for also after a failure.
    func next() -> [Item]? {
        while true {
            let (batch, hasRoom): ([Item]?, Bool) = state.withLock { state in
                guard !state.batches.isEmpty else {
                    state.takers += 1
                    return (nil, false)
                }
                let batch = state.batches.removeFirst()
                let hasRoom = state.isPutting && mostWaiting - state.batches.count >= worthWaking
                if hasRoom { state.isPutting = false }
                return (batch, hasRoom)
            }
            if hasRoom { room.signal() }
            if let batch { return batch.isEmpty ? nil : batch }
            filled.wait()
        }
    }

    /// Takes a batch that is done with, for the thread that made it to let go of.
    func giveBack(_ batch: [Item]) {
        state.withLock { $0.done.append(batch) }
    }
}
