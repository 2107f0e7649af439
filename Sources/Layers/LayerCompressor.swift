import CISAL
import Synchronization
package import SystemIO

/// A layer that was compressed whole.
package struct CompressedLayer: Hashable, Sendable {
    /// Digest and bytes of the uncompressed stream: the diffID.
    package let diffID: Digest
    package let uncompressedSize: Int64
    /// Digest and bytes of what was written: the blob.
    package let digest: Digest
    package let size: Int64
    package let compression: Compression
    /// The library and its version.
    package let compressor: String
}

/// Compresses a stream in blocks of a fixed size on several threads; the bytes do not depend on how many.
///
/// gzip at levels 0-2 is one member (RFC 1952) of deflate blocks that each end in a full flush, as a single-threaded
/// zlib might have written it, so that every reader accepts it, those that stop after a first member among them.
/// libdeflate can only end its streams, so that levels 3-12 are a member for each MiB: Go's reader, containerd, Docker,
/// gzip, libarchive and Python take them. zstd is a frame for each 4 MiB (RFC 8878 3). There is no time and no name in
/// any header. One thread digests what comes, others compress, one digests and writes what goes; what is between them is
/// bounded, and counts against a budget that all compressors share.
package final class LayerCompressor {
    private struct Totals {
        var diffID = Digester()
        /// Bytes of the uncompressed stream.
        var count: Int64 = 0
        var digest = Digester()
        /// Of the uncompressed stream (RFC 1952 2.3.1).
        var crc: UInt32 = 0
    }

    private final class Outcome: Sendable {
        let totals = Mutex(Totals())
    }

    private static let trailer: [UInt8] = [0x03, 0x00]
    /// RFC 1952 2.3: deflate, no flags, no time, no hint, system unknown.
    private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]

    private let ring: CompressionRing
    private let compression: Compression
    private let name: String
    private let write: @Sendable (UnsafeRawBufferPointer) throws(SystemError) -> Void
    private let outcome = Outcome()
    private let threadCount: Int
    private let digestsInput: Bool
    private var threads: [WorkerThread] = []
    private let budget: MemoryBudget
    private let taken: Int
    /// The block that is being filled.
    private var number = 0
    private var isFilling = false
    private var isOver = false

    /// `write` is called on another thread, in order, until `finish` or `deinit` returns.
    ///
    /// Waits until the budget has room; whoever holds one compressor therefore opens no second one. Without
    /// `digestsInput` it is the caller who knows the diffID, and tells it to `finish`.
    package init(
        _ compression: Compression,
        threads threadCount: Int = WorkerThread.processorCount,
        budget: MemoryBudget = .shared,
        digestsInput: Bool = true,
        name: String,
        write: @escaping @Sendable (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(LayerError) {
        let perSlot = compression.blockSize + compression.room
        // Where even one layer is too much for the budget, fewer threads do.
        let most = max(1, (budget.capacity - 2 * perSlot) / (perSlot + compression.codecMemory))
        let count = min(max(1, threadCount), most)
        // With some to spare, nobody has to wait for the turn of a thread that the system lets wait.
        let spare = min(6, max(2, (budget.capacity - count * (perSlot + compression.codecMemory)) / perSlot))
        self.compression = compression
        self.threadCount = count
        self.digestsInput = digestsInput
        self.budget = budget
        self.name = name
        self.write = write
        taken = budget.take((count + spare) * perSlot + count * compression.codecMemory)
        ring = CompressionRing(compression, slotCount: count + spare)
        do throws(SystemError) {
            try start()
        } catch {
            stop()
            throw LayerError(error, name)
        }
    }

    deinit { stop() }

    /// Takes the next bytes; throws what went wrong on any thread so far.
    package func take(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
        var rest = bytes
        while !rest.isEmpty {
            let slot = ring.slots[number % ring.slots.count]
            if !isFilling { try begin(slot) }
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(compression.blockSize - slot.inputCount))
            UnsafeMutableRawBufferPointer(rebasing: slot.input[slot.inputCount...]).copyMemory(from: piece)
            slot.inputCount += piece.count
            rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
            if slot.inputCount == compression.blockSize { handOn(slot) }
        }
    }

    /// Bytes of a block.
    var blockSize: Int { compression.blockSize }

    /// The next block to be filled in its place, with room for one byte more than `blockSize`; waits until one is empty.
    func lend() throws(LayerError) -> UnsafeMutableRawBufferPointer {
        let slot = ring.slots[number % ring.slots.count]
        if !isFilling { try begin(slot) }
        return slot.input
    }

    /// Takes the first `count` bytes of the block that was lent; all but the last block are full.
    func handOn(_ count: Int) {
        let slot = ring.slots[number % ring.slots.count]
        slot.inputCount = count
        handOn(slot)
    }

    /// Compresses and writes what is pending, and waits for it.
    package func finish(diffID known: Digest? = nil) throws(LayerError) -> CompressedLayer {
        precondition(digestsInput == (known == nil), "either the caller digests what comes, or the compressor does")
        // Members and frames there must be one at least; a single member has its header and trailer anyhow.
        if number == 0, !isFilling, compression.library != .isal { try begin(ring.slots[0]) }
        if isFilling { handOn(ring.slots[number % ring.slots.count]) }
        stop()
        if let failure = ring.failure { throw failure }
        let totals = outcome.totals.withLock { $0 }
        var digest = totals.digest
        if compression.library == .isal {
            // An empty last block with the fixed code (RFC 1951 3.2.6), then CRC and size modulo 2^32.
            let size = UInt32(truncatingIfNeeded: totals.count)
            let words = [totals.crc, size].flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
            }
            let end = (totals.count == 0 ? Self.header : []) + Self.trailer + words
            digest.update(end)
            try wrappingSystemError(name) { () throws(SystemError) in
                try end.withUnsafeBufferPointer { (end) throws(SystemError) in try write(UnsafeRawBufferPointer(end)) }
            }
        }
        return CompressedLayer(
            diffID: known ?? totals.diffID.finish(),
            uncompressedSize: totals.count,
            digest: digest.finish(),
            size: digest.count,
            compression: compression,
            compressor: compression.compressor
        )
    }
}

extension LayerCompressor {
    private func start() throws(SystemError) {
        let (ring, outcome, name) = (ring, outcome, name)
        let (write, isOneMember, digestsInput) = (write, compression.library == .isal, digestsInput)
        for _ in 0..<threadCount { threads.append(try WorkerThread { ring.compress(name: name) }) }
        threads.append(
            try WorkerThread {
                var digester = Digester()
                var count: Int64 = 0
                var crc: UInt32 = 0
                ring.forEachBlock { block in
                    if digestsInput { digester.update(block) }
                    count += Int64(block.count)
                    if isOneMember {
                        crc = crc32_gzip_refl(crc, block.bindMemory(to: UInt8.self).baseAddress, UInt64(block.count))
                    }
                }
                outcome.totals.withLock { ($0.diffID, $0.count, $0.crc) = (digester, count, crc) }
            }
        )
        threads.append(
            try WorkerThread {
                var digester = Digester()
                ring.forEachResult { (result) throws(LayerError) in
                    if isOneMember, digester.count == 0 {
                        try Self.emit(Self.header, &digester, name, write)
                    }
                    digester.update(result)
                    try wrappingSystemError(name) { () throws(SystemError) in try write(result) }
                }
                outcome.totals.withLock { $0.digest = digester }
            }
        )
    }

    private static func emit(
        _ bytes: [UInt8],
        _ digester: inout Digester,
        _ name: String,
        _ write: (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(LayerError) {
        digester.update(bytes)
        try wrappingSystemError(name) { () throws(SystemError) in
            try bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in try write(UnsafeRawBufferPointer(bytes))
            }
        }
    }

    private func begin(_ slot: CompressionSlot) throws(LayerError) {
        if let failure = ring.failure { throw failure }
        precondition(!isOver, "a layer is compressed after its end")
        slot.waitUntilEmpty()
        slot.inputCount = 0
        isFilling = true
    }

    private func handOn(_ slot: CompressionSlot) {
        isFilling = false
        number += 1
        slot.hand()
    }

    /// Tells every thread that there is no more, and waits for all.
    private func stop() {
        guard !isOver else { return }
        isOver = true
        if isFilling { handOn(ring.slots[number % ring.slots.count]) }
        // Where a thread could not be started, those before it still wait, and nothing was ever handed on.
        let isWhole = threads.count == threadCount + 2
        for offset in 0..<threadCount {
            let slot = ring.slots[(number + offset) % ring.slots.count]
            if isWhole { slot.waitUntilEmpty() }
            slot.isEnd = true
            slot.hand()
        }
        for thread in threads { thread.join() }
        threads = []
        budget.giveBack(taken)
    }
}
