package import SystemIO
import SystemPackage

extension LayerPacker {
    /// Packs a folder straight into a compressed layer: nothing is read, copied or digested twice.
    ///
    /// The calling thread goes ahead: it finds and opens files. Another one reads them in that order and writes the tar
    /// into the blocks that others compress. `write` is called on yet another thread, in order. `threads` are those that
    /// compress.
    package static func pack(
        _ folder: Descriptor,
        options: Options,
        as compression: Compression,
        threads: Int = WorkerThread.processorCount,
        name: String,
        write: @escaping @Sendable (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(LayerError) -> CompressedLayer {
        let queue = BatchQueue<EntryBatches.Item>(mostWaiting: 8)
        let writer: WorkerResult<Result<CompressedLayer, LayerError>>
        do throws(SystemError) {
            writer = try WorkerResult {
                compressed(queue, as: compression, threads: threads, name: name, write: write)
            }
        } catch {
            throw LayerError(error, name)
        }
        var batches = EntryBatches(queue: queue)
        do throws(LayerError) {
            try pack(folder, options: options, archive: name, into: &batches)
            batches.flush()
        } catch {
            queue.fail(error)
        }
        queue.put([])
        return try writer.wait().get()
    }

    /// Takes all of the queue, also after a failure: the first one is the result.
    private static func compressed(
        _ queue: BatchQueue<EntryBatches.Item>,
        as compression: Compression,
        threads: Int,
        name: String,
        write: @escaping @Sendable (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) -> Result<CompressedLayer, LayerError> {
        var blocks: CompressedBlocks?
        var isAtEnd = false
        do throws(LayerError) {
            let compressor = try LayerCompressor(
                compression,
                threads: threads,
                digestsInput: false,
                name: name,
                write: write
            )
            let target = CompressedBlocks(compressor, name: name)
            blocks = target
            var writer = try TarWriter.open(name: name, into: target)
            while let batch = queue.next() {
                for item in batch {
                    try writer.take(item.entry, item.file)
                    // The thread that opens files has more to do than this one.
                    item.file?.closeNow()
                }
                queue.giveBack(batch)
            }
            isAtEnd = true
            if let failure = queue.failure { throw failure }
            return .success(try compressor.finish(diffID: try writer.finish().digest))
        } catch {
            let failure = blocks?.failure ?? error
            queue.fail(failure)
            while !isAtEnd { isAtEnd = queue.next() == nil }
            return .failure(failure)
        }
    }
}
