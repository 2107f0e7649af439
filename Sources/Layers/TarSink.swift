import SystemIO

/// Takes the bytes of a tar from libarchive: digests them and hands them on in pieces of at most 1 MiB.
final class TarSink {
    private static let capacity = 1 << 20

    private let write: (UnsafeRawBufferPointer) throws(SystemError) -> Void
    private let pending = UnsafeMutableRawBufferPointer.allocate(byteCount: TarSink.capacity, alignment: 64)
    private var used = 0
    private(set) var digester = Digester()
    /// Bytes taken so far, those still pending included.
    private(set) var count: Int64 = 0
    /// The first failure; libarchive can only be told that there was one.
    private(set) var failure: SystemError?

    init(_ write: @escaping (UnsafeRawBufferPointer) throws(SystemError) -> Void) { self.write = write }

    deinit { pending.deallocate() }

    private var isAbandoned = false

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
        guard used > 0 else { return }
        try emit(UnsafeRawBufferPointer(rebasing: pending[..<used]))
        used = 0
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        count += Int64(bytes.count)
        if used + bytes.count > Self.capacity { try flush() }
        if bytes.count >= Self.capacity / 4, used == 0 { return try emit(bytes) }
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(Self.capacity - used)
            UnsafeMutableRawBufferPointer(rebasing: pending[used...]).copyMemory(from: .init(rebasing: piece))
            used += piece.count
            rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
            if used == Self.capacity { try flush() }
        }
    }

    private func emit(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        digester.update(bytes)
        try write(bytes)
    }
}
