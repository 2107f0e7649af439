import SystemIO

/// Takes the bytes of a tar from libarchive and from files: digests them and hands them on in blocks.
///
/// Content is read straight into the block. libarchive passes the same bytes on to `take`, which knows them by their
/// place and copies nothing.
final class TarSink {
    /// So much is digested at a time, while it is in the processor's cache.
    private static let piece = 64 << 10
    /// So much is read from a file at a time.
    private static let mostRead = 256 << 10

    private let blocks: any TarBlocks
    private var block: UnsafeMutableRawBufferPointer?
    private var used = 0
    private var digested = 0
    private(set) var digester = Digester()
    /// Bytes taken so far, those still pending included.
    private(set) var count: Int64 = 0
    /// The first failure; libarchive can only be told that there was one.
    private(set) var failure: SystemError?
    private var isAbandoned = false

    init(_ blocks: any TarBlocks) { self.blocks = blocks }

    /// Where the next bytes belong: at least one byte, and behind it one more that may be written over.
    func room() throws(SystemError) -> UnsafeMutableRawBufferPointer {
        let block = try current()
        return UnsafeMutableRawBufferPointer(rebasing: block[used..<min(blocks.capacity, used + Self.mostRead)])
    }

    /// False after a failure, which is kept, and once it is abandoned.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard failure == nil, !isAbandoned else { return false }
        do {
            try append(bytes)
            return true
        } catch {
            failure = error
            return false
        }
    }

    /// Takes nothing more.
    func abandon() { isAbandoned = true }

    /// Hands on what is pending.
    func flush() throws(SystemError) {
        if used > 0 { try handOn() }
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let block = try current()
            let target = UnsafeMutableRawBufferPointer(rebasing: block[used..<blocks.capacity])
            let count = min(rest.count, target.count)
            if let start = target.baseAddress, rest.baseAddress != UnsafeRawPointer(start) {
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            used += count
            self.count += Int64(count)
            if used == blocks.capacity { try handOn() } else if used - digested >= Self.piece { digest(block) }
        }
    }

    private func current() throws(SystemError) -> UnsafeMutableRawBufferPointer {
        if let block { return block }
        let lent = try blocks.lend()
        block = lent
        return lent
    }

    private func digest(_ block: UnsafeMutableRawBufferPointer) {
        digester.update(UnsafeRawBufferPointer(rebasing: block[digested..<used]))
        digested = used
    }

    private func handOn() throws(SystemError) {
        guard let block else { return }
        digest(block)
        let count = used
        (self.block, used, digested) = (nil, 0, 0)
        try blocks.handOn(count)
    }
}
