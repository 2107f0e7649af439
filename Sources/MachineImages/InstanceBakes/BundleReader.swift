import Store
import Synchronization

/// A blob on its way into a call, piece by piece, on whichever thread reads it.
final class BundleReader: Sendable {
    private struct Source: ~Copyable {
        let reader: VerifiedReader
    }

    private let source: Mutex<Source>
    private static let piece = 256 << 10

    init(_ reader: sending VerifiedReader) { source = Mutex(Source(reader: reader)) }

    /// The next bytes; nil is the end, and the proof of the content.
    ///
    /// Blocks.
    func next() throws -> [UInt8]? {
        let bytes = try source.withLock { source in
            try [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, count in
                count = try source.reader.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
        return bytes.isEmpty ? nil : bytes
    }
}
