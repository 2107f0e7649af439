import SystemIO
import SystemPackage

/// The bytes of an uncompressed layer, read in order through a window, so that many small files are one call.
struct LayerContent {
    private let file: Descriptor
    private var window: [UInt8] = []
    private var start: Int64 = 0
    /// What stays in the cache of a processor until it is copied on.
    private static let windowLength = 256 << 10

    init(_ file: Descriptor) { self.file = file }

    /// Fills a buffer with what lies at `offset`.
    mutating func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < buffer.count {
            let place = offset + Int64(done)
            if place < start || place >= start + Int64(window.count) { try fill(from: place) }
            let from = Int(place - start)
            let count = min(window.count - from, buffer.count - done)
            window.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[from..<from + count]))
            }
            done += count
        }
    }

    private mutating func fill(from place: Int64) throws {
        let file = file
        start = place
        window = try [UInt8](unsafeUninitializedCapacity: Self.windowLength) { buffer, count in
            count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: place)
        }
        // The listing is of these bytes, which are verified: a shorter file is one that somebody has cut.
        if window.isEmpty { throw SystemError("read", file.path, .ioError) }
    }
}
