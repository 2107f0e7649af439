package import SystemIO
import SystemPackage

/// The bytes behind a compressed stream.
package enum Decompression {
    /// Hands on the content of a regular file from its start, decompressed where its first bytes say that it is
    /// compressed.
    ///
    /// Answers whether it was. The pieces are valid during the call only. Throws `LayerError` where the stream is
    /// damaged, cut off, followed by something else, or larger than the limits allow.
    @discardableResult
    package static func forEachPiece(
        of file: Descriptor,
        name: String? = nil,
        limits: ArchiveLimits = .standard,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        let name = name ?? file.path.string
        try ArchiveLocale.prepare(name)
        let plain = try FileSource(file, name: name)
        let filter = CompressionFilter(magic: try plain.peek())
        let source: any ByteSource =
            if let filter { try DecompressingSource(plain, filter, name: name, limits: limits) } else { plain }
        var total: Int64 = 0
        while true {
            let piece = try source.next()
            if piece.isEmpty { return filter != nil }
            total += Int64(piece.count)
            guard total <= limits.totalBytes else {
                throw LayerError(.limit, name, "has more than the \(limits.totalBytes) bytes that are allowed")
            }
            try body(piece)
        }
    }

    /// Whether the first bytes are those of a compressed stream.
    package static func isCompressed(_ magic: [UInt8]) -> Bool { CompressionFilter(magic: magic) != nil }
}
