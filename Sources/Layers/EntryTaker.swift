import SystemIO

/// Takes what a layer is made of, in the order of the layer.
protocol EntryTaker: ~Copyable {
    /// An entry, with the open file that its content is the whole of; nil where it has none.
    mutating func take(_ entry: TarEntry, _ file: Descriptor?) throws(LayerError)
}

extension TarWriter: EntryTaker {
    mutating func take(_ entry: TarEntry, _ file: Descriptor?) throws(LayerError) {
        if let file { try append(entry, file: file) } else { try append(entry) }
    }
}

/// Gathers entries into batches for a queue.
struct EntryBatches: EntryTaker {
    struct Item: Sendable {
        let entry: TarEntry
        let file: Descriptor?
    }

    private static let length = 32

    private let queue: BatchQueue<Item>
    private var batch: [Item] = []

    init(queue: BatchQueue<Item>) { self.queue = queue }

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
