import CArchive
import Glibc

/// Stands between a byte source and libarchive: counts, holds the limit, and keeps the true cause of a failure.
final class ArchiveFeed {
    let source: any ByteSource
    private let name: String
    private let byteLimit: Int64
    private(set) var failure: LayerError?
    /// Bytes given to libarchive, those passed over included.
    private(set) var delivered: Int64 = 0
    /// The piece that libarchive got last.
    private var piece = UnsafeRawBufferPointer(start: nil, count: 0)

    init(_ source: any ByteSource, name: String, byteLimit: Int64) {
        self.source = source
        self.name = name
        self.byteLimit = byteLimit
    }

    /// Lets `archive` read from this feed, which must outlive it.
    func open(_ archive: OpaquePointer) -> Int32 {
        archive_read_set_callback_data(archive, Unmanaged.passUnretained(self).toOpaque())
        archive_read_set_read_callback(archive) { _, context, block in
            guard let feed = ArchiveFeed.from(context) else { return -1 }
            return feed.read(block)
        }
        if source.size != nil {
            archive_read_set_skip_callback(archive) { _, context, count in
                ArchiveFeed.from(context)?.skip(count) ?? 0
            }
            archive_read_set_seek_callback(archive) { _, context, offset, whence in
                ArchiveFeed.from(context)?.seek(offset, whence) ?? Int64(ARCHIVE_FATAL)
            }
        }
        return archive_read_open1(archive)
    }

    /// Refuses anything but zero bytes from `consumed` to the end of the source.
    ///
    /// What follows the end of an archive is read by one program and not by another.
    func requireOnlyZeros(after consumed: Int64) throws(LayerError) {
        if let failure { throw failure }
        let pieceStart = delivered - Int64(piece.count)
        guard consumed >= pieceStart else { throw junk(consumed) }
        var rest = UnsafeRawBufferPointer(rebasing: piece[Int(min(consumed - pieceStart, Int64(piece.count)))...])
        while true {
            guard rest.allSatisfy({ $0 == 0 }) else { throw junk(consumed) }
            rest = try source.next()
            if rest.isEmpty { return }
            delivered += Int64(rest.count)
            guard delivered <= byteLimit else { throw tooLong }
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> ArchiveFeed? {
        context.map { Unmanaged<ArchiveFeed>.fromOpaque($0).takeUnretainedValue() }
    }

    private func read(_ block: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        guard failure == nil, let block else { return -1 }
        do throws(LayerError) {
            piece = try source.next()
            delivered += Int64(piece.count)
            guard delivered <= byteLimit else { throw tooLong }
            block.pointee = piece.baseAddress
            return piece.count
        } catch {
            failure = error
            return -1
        }
    }

    private func skip(_ count: Int64) -> Int64 {
        let step = source.skip(count)
        delivered += step
        if step > 0 { piece = UnsafeRawBufferPointer(start: nil, count: 0) }
        return step
    }

    private func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        guard let size = source.size else { return Int64(ARCHIVE_FATAL) }
        let base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? delivered : size
        let target = base + offset
        guard target >= 0, source.seek(to: target) else { return Int64(ARCHIVE_FATAL) }
        delivered = target
        piece = UnsafeRawBufferPointer(start: nil, count: 0)
        return target
    }

    private var tooLong: LayerError {
        LayerError(.limit, name, "holds more than the \(byteLimit) bytes that are allowed")
    }

    private func junk(_ offset: Int64) -> LayerError {
        LayerError(.malformed, name, "bytes follow the end of the archive, at or after byte \(offset)")
    }
}
