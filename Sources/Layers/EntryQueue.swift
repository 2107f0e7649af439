import Dispatch
import Synchronization
import SystemIO

/// Entries on their way from the thread that finds and opens files to the one that reads them and writes the tar.
///
/// They go in batches, and few batches wait at a time, so that open files and memory are bounded.
final class EntryQueue: Sendable {
    struct Item: Sendable {
        let entry: TarEntry
        let file: Descriptor?
    }

    private struct State {
        var batches: [[Item]] = []
        var failure: LayerError?
    }

    private let state = Mutex(State())
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    /// `mostWaiting` batches may wait, before whoever brings the next one has to.
    init(mostWaiting: Int) {
        // libdispatch aborts where a semaphore goes with less than it began with, so it begins with nothing.
        for _ in 0..<mostWaiting { room.signal() }
    }

    /// The first failure on either side.
    var failure: LayerError? { state.withLock { $0.failure } }

    func fail(_ error: LayerError) { state.withLock { $0.failure = $0.failure ?? error } }

    /// Waits until there is room; no items are the end.
    func put(_ items: [Item]) {
        room.wait()
        state.withLock { $0.batches.append(items) }
        filled.signal()
    }

    /// The next batch; nil at the end, which must be waited for also after a failure.
    func next() -> [Item]? {
        filled.wait()
        let batch = state.withLock { $0.batches.removeFirst() }
        room.signal()
        return batch.isEmpty ? nil : batch
    }
}

/// Gathers entries into batches for a queue.
struct EntryBatches: EntryTaker {
    private static let length = 32

    private let queue: EntryQueue
    private var batch: [EntryQueue.Item] = []

    init(queue: EntryQueue) { self.queue = queue }

    /// Throws what the other side has failed with.
    mutating func take(_ entry: TarEntry, _ file: Descriptor?) throws(LayerError) {
        batch.append(.init(entry: entry, file: file))
        guard batch.count == Self.length else { return }
        if let failure = queue.failure { throw failure }
        flush()
    }

    /// Hands on what has gathered.
    mutating func flush() {
        if batch.isEmpty { return }
        queue.put(batch)
        batch = []
        batch.reserveCapacity(Self.length)
    }
}
