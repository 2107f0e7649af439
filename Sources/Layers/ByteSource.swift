import Glibc
import SystemIO

/// Bytes that an archive reader pulls: a file, or what comes out of a decompressor.
protocol ByteSource: AnyObject {
    /// The next piece, valid until the next call; empty at the end.
    func next() throws(LayerError) -> UnsafeRawBufferPointer
    /// Passes over at most `count` bytes without reading them; answers how many, 0 where that is not possible.
    func skip(_ count: Int64) -> Int64
    /// Makes `next` go on at `offset`; false where that is not possible.
    func seek(to offset: Int64) -> Bool
    /// All bytes, where that is known before they are read.
    var size: Int64? { get }
}

/// A regular file, read by position so that the descriptor may be shared, or a pipe.
final class FileSource: ByteSource {
    private let file: Descriptor
    private let name: String
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
    /// Where the next read begins.
    private var position: Int64 = 0
    /// Bytes that `peek` has read and `next` has not given out.
    private var held = 0
    let size: Int64?

    init(_ file: Descriptor, name: String) throws(LayerError) {
        self.file = file
        self.name = name
        let status = try wrappingSystemError(name) { () throws(SystemError) in try file.status() }
        guard status.kind != .directory else { throw LayerError(.unsupported, name, "is a folder, not an archive") }
        self.size = status.kind == .regular ? status.size : nil
    }

    deinit { buffer.deallocate() }

    /// The first bytes, at most 16, which `next` will give again; call before anything else.
    func peek() throws(LayerError) -> [UInt8] {
        while held < 16 {
            let count = try fill(from: held)
            if count == 0 { break }
            held += count
        }
        return Array(buffer.prefix(min(held, 16)))
    }

    func next() throws(LayerError) -> UnsafeRawBufferPointer {
        if held > 0 {
            defer { held = 0 }
            return UnsafeRawBufferPointer(rebasing: buffer[..<held])
        }
        let count = try fill(from: 0)
        return UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    func skip(_ count: Int64) -> Int64 {
        guard let size, held == 0 else { return 0 }
        let step = max(0, min(count, size - position))
        position += step
        return step
    }

    func seek(to offset: Int64) -> Bool {
        guard size != nil else { return false }
        held = 0
        position = offset
        return true
    }

    private func fill(from start: Int) throws(LayerError) -> Int {
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
        let (file, position, isRegular) = (file, position, size != nil)
        let count = try wrappingSystemError(name) { () throws(SystemError) in
            isRegular ? try file.read(into: room, at: position) : try file.read(into: room)
        }
        self.position += Int64(count)
        return count
    }
}
