package import Layers
import Synchronization
package import SystemIO

extension ArtifactStore {
    /// A layer of the store, compressed: made once for each codec and level, then remembered.
    ///
    /// Reads the whole layer, which is verified on the way, and uses all processors. Blocks. Throws
    /// `StoreError.blobDamaged` where the layer is not what its name says.
    package func compressed(
        _ layer: Digest,
        as compression: Compression,
        cancellation: CancellationFlag = CancellationFlag()
    ) throws -> StoredBlob {
        let form = "\(compression) \(compression.compressor)"
        if let known = try compressedLayer(layer, form: form) { return known }
        let file = try openBlob(layer)
        let writer = SharedWriter(try makeBlobWriter())
        let compressor = try LayerCompressor(compression, name: "layer '\(layer)'") {
            (bytes) throws(SystemError) in try writer.write(bytes)
        }
        try readPieces(of: file) { piece in
            try cancellation.check()
            try compressor.take(piece)
        }
        let made = try compressor.finish()
        guard made.diffID == layer else {
            throw StoreError.blobDamaged(layer, reason: "its content has the digest '\(made.diffID)'")
        }
        let blob = try writer.finish(expecting: made.digest, size: made.size)
        try recordCompressedLayer(blob, of: layer, form: form)
        return blob
    }
}

/// A writer that another thread uses until the compressor has ended, and then this one; `lock` guards it.
private final class SharedWriter: @unchecked Sendable {
    private let lock = Mutex<Void>(())
    private let writer: BlobWriter

    init(_ writer: BlobWriter) { self.writer = writer }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        try lock.withLock { (_) throws(SystemError) in try writer.write(bytes) }
    }

    func finish(expecting digest: Digest, size: Int64) throws -> StoredBlob {
        try lock.withLock { _ in try writer.finish(expecting: digest, size: size) }
    }
}
