package import SystemIO
import SystemPackage

extension LayerPacker {
    /// Packs a folder straight into a compressed layer: nothing is read or digested twice.
    ///
    /// `write` is called on another thread, in order. `threads` are those that compress.
    package static func pack(
        _ folder: Descriptor,
        options: Options,
        as compression: Compression,
        threads: Int = WorkerThread.processorCount,
        name: String,
        write: @escaping @Sendable (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(LayerError) -> CompressedLayer {
        let compressor = try LayerCompressor(
            compression,
            threads: threads,
            digestsInput: false,
            name: name,
            write: write
        )
        var failure: LayerError?
        var writer = try TarWriter.open(name: name) { (bytes) throws(SystemError) in
            do throws(LayerError) {
                try compressor.take(bytes)
            } catch {
                failure = error
                throw SystemError("compress", "\(name)", .ioError)
            }
        }
        do throws(LayerError) {
            try pack(folder, options: options, into: &writer)
            return try compressor.finish(diffID: try writer.finish().digest)
        } catch {
            throw failure ?? error
        }
    }
}
