import CISAL
import Glibc
import Layers
import Synchronization
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite struct LayerCompressorTests {
    /// Half of it repeats and half does not; not a whole number of blocks.
    static let content: [UInt8] = {
        var state: UInt64 = 42
        return (0..<(9 << 20) + 12345).map { place in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return place & 4096 == 0 ? UInt8(truncatingIfNeeded: state >> 56) : UInt8(truncatingIfNeeded: place / 7)
        }
    }()

    static let all = ["gzip-0", "gzip-1", "gzip-2", "gzip-3", "gzip-6", "gzip-12", "zstd-1", "zstd-3", "zstd-19"]

    /// Compresses to a file, handing over odd pieces.
    private func compress(
        _ text: String,
        _ content: [UInt8],
        threads: Int,
        to path: FilePath,
        budget: MemoryBudget = .shared
    ) throws -> CompressedLayer {
        let compression = try #require(Compression(text))
        let file = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        let compressor = try LayerCompressor(compression, threads: threads, budget: budget, name: "layer") {
            (bytes) throws(SystemError) in try file.write(bytes)
        }
        try content.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + 300_007)
                try compressor.take(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
        return try compressor.finish()
    }

    @Test(arguments: all) func `the bytes do not depend on the number of threads, and come back`(text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("layer")
        let layers = try [1, 2, 5].map { try compress(text, Self.content, threads: $0, to: path) }
        #expect(Set(layers).count == 1)
        let layer = try #require(layers.first)
        #expect(layer.diffID == Digester.digest(of: Self.content))
        #expect(layer.uncompressedSize == Int64(Self.content.count))
        let written = try Descriptor.openForReading(path).readAll(limit: 1 << 30)
        #expect(layer.digest == Digester.digest(of: written))
        #expect(layer.size == Int64(written.count))
        #expect(layer.size < layer.uncompressedSize)
        var digester = Digester()
        let isCompressed = try Decompression.forEachPiece(of: Descriptor.openForReading(path)) { digester.update($0) }
        #expect(isCompressed)
        #expect(digester.finish() == layer.diffID)
    }

    @Test(arguments: all, [0, 1, 4 << 20]) func `foreign readers get the same bytes`(text: String, size: Int)
        async throws
    {
        let folder = try TemporaryFolder()
        let content = Array(Self.content[..<size])
        let plain = folder.path.appending("plain")
        try Descriptor.open(plain, flags: O_WRONLY | O_CREAT, mode: 0o644).write(content)
        let isGzip = text.hasPrefix("gzip")
        let path = folder.path.appending(isGzip ? "layer.gz" : "layer.zst")
        _ = try compress(text, content, threads: 3, to: path)
        let program = isGzip ? "gzip" : "zstd"
        try await requireTool(program, ["-tq", path.string])
        let output = try await runTool(program, ["-dcq", path.string])
        #expect(output.status == 0)
        #expect(output.output == content)
        guard isGzip else { return }
        // Python's whole-file reader takes all members; its single decompressor stops after the first.
        let script = """
            import gzip, sys, zlib
            data, plain = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
            assert gzip.decompress(data) == plain
            assert data[:8] == bytes([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), data[:10]
            one = zlib.decompressobj(31)
            if sys.argv[3] in ("gzip-0", "gzip-1", "gzip-2"):
                assert one.decompress(data) == plain and one.eof and not one.unused_data
            """
        try await requireTool("python3", ["-c", script, path.string, plain.string, text])
    }

    /// ISA-L sets up its state but for the distance that matches may have.
    @Test(arguments: [0, 1, 2] as [UInt32]) func `a block depends on no memory that was somebody else's before`(
        level: UInt32
    ) throws {
        let input = Array(Self.content.prefix(1 << 20))
        var digests: Set<Digest> = []
        for remains in [0, 9, 0xFFFF] as [UInt16] {
            let words = ob_isal_state_size() / 2 + 1
            let state = UnsafeMutablePointer<UInt16>.allocate(capacity: words)
            let buffer = UnsafeMutablePointer<UInt16>.allocate(capacity: ob_isal_level_size(level) / 2 + 1)
            defer {
                state.deallocate()
                buffer.deallocate()
            }
            state.initialize(repeating: remains, count: words)
            buffer.initialize(repeating: remains, count: ob_isal_level_size(level) / 2 + 1)
            var output = [UInt8](repeating: 0, count: 2 << 20)
            let count = ob_isal_deflate_block(state, buffer, level, input, input.count, &output, output.count)
            try #require(count > 0)
            digests.insert(Digester.digest(of: Array(output[..<count])))
        }
        #expect(digests.count == 1)
    }

    @Test func `a write that fails ends the compression with its cause`() throws {
        let compressor = try LayerCompressor(.standard, threads: 2, name: "the layer") {
            (_) throws(SystemError) in throw SystemError("write", "out", .noSpace)
        }
        let error = try #require(throws: LayerError.self) {
            try Self.content.withUnsafeBytes { try compressor.take($0) }
            _ = try compressor.finish()
        }
        #expect("\(error)" == "the layer: cannot write 'out': No space left on device")
    }

    @Test func `a compressor that is given up leaves no thread waiting and gives its memory back`() throws {
        let budget = MemoryBudget(bytes: 16 << 20)
        for _ in 0..<20 {
            let compressor = try LayerCompressor(.standard, threads: 2, budget: budget, name: "layer") { _ in }
            try Self.content.withUnsafeBytes { try compressor.take(UnsafeRawBufferPointer(rebasing: $0[..<3_000_000])) }
        }
    }

    @Test func `a small budget gives the same bytes`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("layer")
        let small = MemoryBudget(bytes: 1)
        let one = try compress("zstd-3", Self.content, threads: 8, to: path, budget: small)
        #expect(try compress("zstd-3", Self.content, threads: 2, to: path) == one)
    }

    @Test func `texts of compressions`() {
        #expect(Compression("gzip")?.description == "gzip-1")
        #expect(Compression("zstd")?.description == "zstd-3")
        #expect(Compression("gzip-12")?.mediaType == "application/vnd.oci.image.layer.v1.tar+gzip")
        #expect(Compression("zstd-19")?.compressor.hasPrefix("zstd 1.") == true)
        #expect(Compression("gzip-1")?.compressor.hasPrefix("isa-l 2.") == true)
        #expect(Compression("gzip-3")?.compressor.hasPrefix("libdeflate 1.") == true)
        for text in ["", "lz4", "gzip-", "gzip-13", "gzip--1", "gzip-01", "zstd-0", "zstd-20", "GZIP"] {
            #expect(Compression(text) == nil, "\(text)")
        }
    }
}
