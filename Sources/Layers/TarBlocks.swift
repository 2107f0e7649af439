import SystemIO
import SystemPackage

/// Where the bytes of a tar gather: blocks that are lent empty, filled from the front, and handed on.
protocol TarBlocks: AnyObject {
    /// Bytes of a block.
    var capacity: Int { get }
    /// The block to fill next: room for `capacity` bytes, and for one more that is never handed on.
    func lend() throws(SystemError) -> UnsafeMutableRawBufferPointer
    /// Takes the first `count` bytes of the block that was lent last; all but the last block are full.
    func handOn(_ count: Int) throws(SystemError)
}

/// One block, which is written away each time.
final class WrittenBlocks: TarBlocks {
    let capacity = 1 << 20
    private let block: UnsafeMutableRawBufferPointer
    private let write: (UnsafeRawBufferPointer) throws(SystemError) -> Void

    init(_ write: @escaping (UnsafeRawBufferPointer) throws(SystemError) -> Void) {
        self.write = write
        block = .allocate(byteCount: capacity + 64, alignment: 64)
    }

    deinit { block.deallocate() }

    func lend() -> UnsafeMutableRawBufferPointer { block }

    func handOn(_ count: Int) throws(SystemError) { try write(UnsafeRawBufferPointer(rebasing: block[..<count])) }
}

/// Blocks of a compressor, filled in their place.
final class CompressedBlocks: TarBlocks {
    let capacity: Int
    private let compressor: LayerCompressor
    private let name: String
    /// What really went wrong, where the tar could only be told that something did.
    private(set) var failure: LayerError?

    init(_ compressor: LayerCompressor, name: String) {
        self.compressor = compressor
        self.name = name
        capacity = compressor.blockSize
    }

    func lend() throws(SystemError) -> UnsafeMutableRawBufferPointer {
        do throws(LayerError) {
            return try compressor.lend()
        } catch {
            failure = error
            throw SystemError("compress", name, .ioError)
        }
    }

    func handOn(_ count: Int) { compressor.handOn(count) }
}
