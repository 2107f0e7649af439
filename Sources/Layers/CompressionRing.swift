import Dispatch
import Synchronization
import SystemIO

/// A block on its way: filled by one thread, compressed by another, digested and written by two more.
///
/// Its semaphores are the lock: `empty` twice (digested, written) before it is filled, `filled` before it is
/// compressed, `digestible` before it is digested, `compressed` before it is written.
final class CompressionSlot: @unchecked Sendable {
    let input: UnsafeMutableRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    var inputCount = 0
    var outputCount = 0
    /// There are no further blocks.
    var isEnd = false
    let empty: DispatchSemaphore
    let filled = DispatchSemaphore(value: 0)
    let digestible = DispatchSemaphore(value: 0)
    let compressed = DispatchSemaphore(value: 0)

    init(blockSize: Int, room: Int) {
        // Behind the block there is room for a byte by which a file shows that it has grown.
        input = .allocate(byteCount: blockSize + 64, alignment: 64)
        output = .allocate(byteCount: room, alignment: 64)
        // libdispatch aborts where a semaphore goes with less than it began with, so it begins with nothing.
        empty = DispatchSemaphore(value: 0)
        empty.signal()
        empty.signal()
    }

    deinit {
        input.deallocate()
        output.deallocate()
    }

    var content: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: input[..<inputCount]) }
    var result: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: output[..<outputCount]) }

    func waitUntilEmpty() {
        empty.wait()
        empty.wait()
    }

    func hand() {
        filled.signal()
        digestible.signal()
    }
}

/// What the threads of one compressor share.
final class CompressionRing: Sendable {
    let slots: [CompressionSlot]
    let compression: Compression
    private let claimed = Atomic(0)
    private let firstFailure = Mutex<LayerError?>(nil)

    init(_ compression: Compression, slotCount: Int) {
        self.compression = compression
        slots = (0..<slotCount).map { _ in
            CompressionSlot(blockSize: compression.blockSize, room: compression.room)
        }
    }

    var failure: LayerError? { firstFailure.withLock { $0 } }

    func fail(_ error: LayerError) { firstFailure.withLock { $0 = $0 ?? error } }

    /// Compresses blocks, each thread the next that nobody has, until the end.
    func compress(name: String) {
        let codec = compression.makeCodec()
        while true {
            let slot = slots[claimed.add(1, ordering: .relaxed).oldValue % slots.count]
            slot.filled.wait()
            defer { slot.compressed.signal() }
            slot.outputCount = 0
            if slot.isEnd { return }
            if failure != nil { continue }
            guard let count = codec?.compress(slot.content, into: slot.output) else {
                fail(LayerError(.unsupported, name, "cannot be compressed: \(compression.compressor) refuses a block"))
                continue
            }
            slot.outputCount = count
        }
    }

    /// Hands the uncompressed blocks to `body` in order, and says for each that it is done with.
    func forEachBlock(_ body: (UnsafeRawBufferPointer) -> Void) {
        var number = 0
        while true {
            let slot = slots[number % slots.count]
            slot.digestible.wait()
            defer { slot.empty.signal() }
            if slot.isEnd { return }
            body(slot.content)
            number += 1
        }
    }

    /// The same of the compressed ones; after a failure nothing is handed on any more.
    func forEachResult(_ body: (UnsafeRawBufferPointer) throws(LayerError) -> Void) {
        var number = 0
        while true {
            let slot = slots[number % slots.count]
            slot.compressed.wait()
            defer { slot.empty.signal() }
            if slot.isEnd { return }
            do {
                if failure == nil { try body(slot.result) }
            } catch {
                fail(error)
            }
            number += 1
        }
    }
}
