import CDeflate
import CISAL
import CZstd
import SystemIO

/// Compresses blocks that do not refer to each other; each thread has one of its own.
protocol BlockCodec: AnyObject {
    /// Bytes written to `output`, which has `Compression.room`; nil where the library refuses.
    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int?
}

extension Compression {
    /// Nil where there is no memory.
    func makeCodec() -> (any BlockCodec)? {
        switch library {
        case .isal: IsalCodec(level: UInt32(level))
        case .deflate: DeflateCodec(level: Int32(level))
        case .zstd: ZstdCodec(level: Int32(level))
        }
    }

    /// What a block can grow to at most.
    var room: Int {
        switch library {
        // Stored blocks of 64 KiB with 5 bytes each, and the empty one at the end.
        case .isal: blockSize + blockSize / 1024 + 64
        case .deflate: libdeflate_gzip_compress_bound(nil, blockSize)
        case .zstd: ZSTD_compressBound(blockSize)
        }
    }

    /// About what a thread's codec needs beside the buffers, in bytes.
    var codecMemory: Int {
        switch library {
        case .isal: 512 << 10
        case .deflate: level < 8 ? 2 << 20 : 9 << 20
        case .zstd: level < 10 ? 16 << 20 : 64 << 20
        }
    }
}

/// Raw deflate blocks, each ended by a full flush: parts of one gzip member.
private final class IsalCodec: BlockCodec {
    private let level: UInt32
    private let state = UnsafeMutableRawPointer.allocate(byteCount: ob_isal_state_size(), alignment: 64)
    private let buffer: UnsafeMutableRawPointer

    init(level: UInt32) {
        self.level = level
        buffer = .allocate(byteCount: max(1, ob_isal_level_size(level)), alignment: 64)
    }

    deinit {
        state.deallocate()
        buffer.deallocate()
    }

    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let count = ob_isal_deflate_block(
            state,
            buffer,
            level,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count
        )
        return count < 0 ? nil : count
    }
}

/// A gzip member for each block: libdeflate always ends its stream.
private final class DeflateCodec: BlockCodec {
    private let compressor: OpaquePointer

    init?(level: Int32) {
        guard let compressor = libdeflate_alloc_compressor(level) else { return nil }
        self.compressor = compressor
    }

    deinit { libdeflate_free_compressor(compressor) }

    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let count = libdeflate_gzip_compress(
            compressor,
            input.baseAddress,
            input.count,
            output.baseAddress,
            output.count
        )
        return count == 0 ? nil : count
    }
}

/// A frame for each block, with its size and without a checksum: the layer has a digest.
private final class ZstdCodec: BlockCodec {
    private let context: OpaquePointer
    private let level: Int32

    init?(level: Int32) {
        guard let context = ZSTD_createCCtx() else { return nil }
        self.context = context
        self.level = level
    }

    deinit { ZSTD_freeCCtx(context) }

    func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let count = ZSTD_compressCCtx(
            context,
            output.baseAddress,
            output.count,
            input.baseAddress,
            input.count,
            level
        )
        return ZSTD_isError(count) != 0 ? nil : count
    }
}
