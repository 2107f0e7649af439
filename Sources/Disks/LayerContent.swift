import SystemIO
import SystemPackage

/// The bytes of an uncompressed layer, read in order through a window, so that many small files are one call.
final class LayerContent {
    private let file: Descriptor
    private var window: [UInt8] = []
    private var start: Int64 = 0
    /// What stays in the cache of a processor until it is copied on.
    private static let windowLength = 256 << 10

    init(_ file: Descriptor) { self.file = file }

    /// Hands over `length` bytes of what lies at `offset`, no more than a window has, valid for the call only.
    func withBytes(
        at offset: Int64,
        length: Int,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        precondition(length <= Self.windowLength, "a piece is no longer than the window")
        if offset < start || offset + Int64(length) > start + Int64(window.count) { try fill(from: offset, length) }
        let from = Int(offset - start)
        try window.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[from..<from + length])) }
    }

    /// Reads what lies at `offset` into all of `buffer`, past the window.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = try file.read(into: .init(rebasing: buffer[done...]), at: offset + Int64(done))
            // The listing is of these bytes, which are verified: a shorter file is one that somebody has cut.
            if count == 0 { throw SystemError("read", file.path, .ioError) }
            done += count
        }
    }

    private func fill(from place: Int64, _ length: Int) throws {
        let file = file
        start = place
        window = try [UInt8](unsafeUninitializedCapacity: Self.windowLength) { buffer, count in
            count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: place)
        }
        // The listing is of these bytes, which are verified: a shorter file is one that somebody has cut.
        if window.count < length { throw SystemError("read", file.path, .ioError) }
    }
}
