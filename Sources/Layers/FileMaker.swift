import Glibc
import SystemIO

/// Makes the regular files of a tree on several threads, below folders that are there already.
///
/// Files have nothing to do with each other, and making one is the kernel's work alone.
struct FileMaker: ~Copyable {
    /// A file that is to be made.
    struct Order: Sendable {
        let number: Int
        let entry: TarEntry
        let parent: Descriptor
        /// Where its bytes are, and from where on.
        let source: Descriptor
        let offset: Int64
    }

    private static let batchLength = 16
    /// Each order holds the folder that its file is for: with these numbers at most some 200 are open at a time.
    private static let mostThreads = 4

    private let archive: String
    private let options: LayerUnpacker.Options
    private let queue: BatchQueue<Order>
    private var batch: [Order] = []
    private var count = 0
    private var threads: [WorkerThread] = []

    init(archive: String, options: LayerUnpacker.Options) {
        self.archive = archive
        self.options = options
        queue = BatchQueue(mostWaiting: 2 * Self.mostThreads)
    }

    deinit {
        // Where something failed before, the threads still wait; they are joined when they are let go.
        for _ in threads { queue.put([]) }
    }

    /// Takes an order; throws what another one has failed with.
    mutating func make(
        _ entry: TarEntry,
        in parent: Descriptor,
        from source: Descriptor,
        at offset: Int64
    ) throws(LayerError) {
        batch.append(Order(number: count, entry: entry, parent: parent, source: source, offset: offset))
        count += 1
        guard batch.count == Self.batchLength else { return }
        if let failure = queue.failure { throw failure }
        // The first batch is enough work to start threads for.
        if threads.isEmpty { try start() }
        queue.put(batch)
        batch = []
        batch.reserveCapacity(Self.batchLength)
    }

    /// Waits until all files are made.
    mutating func finish() throws(LayerError) {
        Self.make(batch, queue, archive, options)
        batch = []
        for _ in threads { queue.put([]) }
        for thread in threads { thread.join() }
        threads = []
        if let failure = queue.failure { throw failure }
    }

    private mutating func start() throws(LayerError) {
        let (queue, archive, options) = (queue, archive, options)
        do throws(SystemError) {
            for _ in 0..<min(options.threads, Self.mostThreads) {
                threads.append(
                    try WorkerThread {
                        while let batch = queue.next() { Self.make(batch, queue, archive, options) }
                    }
                )
            }
        } catch {
            throw LayerError(error, archive)
        }
    }

    private static func make(
        _ batch: [Order],
        _ queue: BatchQueue<Order>,
        _ archive: String,
        _ options: LayerUnpacker.Options
    ) {
        for order in batch where queue.failure == nil {
            do throws(LayerError) {
                try make(order, archive, options)
            } catch {
                queue.fail(error, at: order.number)
            }
        }
    }

    private static func make(
        _ order: Order,
        _ archive: String,
        _ options: LayerUnpacker.Options
    ) throws(LayerError) {
        let entry = order.entry
        let missing = try wrappingSystemError(archive, entry.path) { () throws(SystemError) in
            let file = try order.parent.openBelow(
                Array(entry.path.name),
                flags: O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW,
                mode: 0o600
            )
            let copied = try file.copy(entry.size, of: order.source, from: order.offset)
            if copied < entry.size { return entry.size - copied }
            try file.setFacts(owner: entry.owner, group: entry.group, mode: entry.mode)
            for attribute in options.kept(entry.xattrs) { try file.setXattr(attribute.name, attribute.value) }
            try file.setModified(entry.modified, nanoseconds: entry.nanoseconds)
            return 0
        }
        guard missing == 0 else {
            throw LayerError(.malformed, archive, entry: entry.path, "the layer ends \(missing) bytes before its end")
        }
    }
}
