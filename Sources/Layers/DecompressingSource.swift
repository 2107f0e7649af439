import CArchive
import SystemIO

/// How a stream is compressed, by its first bytes.
enum CompressionFilter {
    case gzip
    case bzip2
    case xz
    case zstd
    case lz4

    init?(magic: [UInt8]) {
        if magic.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if magic.starts(with: Array("BZh".utf8)) {
            self = .bzip2
        } else if magic.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
            self = .xz
        } else if magic.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || Self.isSkippableFrame(magic) {
            self = .zstd
        } else if magic.starts(with: [0x04, 0x22, 0x4d, 0x18]) {
            self = .lz4
        } else {
            return nil
        }
    }

    /// RFC 8878 3.1.2: zstd streams may begin with a frame of user data.
    private static func isSkippableFrame(_ magic: [UInt8]) -> Bool {
        magic.count >= 4 && magic[0] & 0xf0 == 0x50 && magic[1...3].elementsEqual([0x2a, 0x4d, 0x18])
    }

    func register(with archive: OpaquePointer) -> Int32 {
        switch self {
        case .gzip: archive_read_support_filter_gzip(archive)
        case .bzip2: archive_read_support_filter_bzip2(archive)
        case .xz: archive_read_support_filter_xz(archive)
        case .zstd: archive_read_support_filter_zstd(archive)
        case .lz4: archive_read_support_filter_lz4(archive)
        }
    }
}

/// The bytes of a compressed stream, of all its members; what follows the last member is an error.
final class DecompressingSource: ByteSource {
    private let archive: OpaquePointer
    private let feed: ArchiveFeed
    private let name: String
    private let limits: ArchiveLimits
    private var produced: Int64 = 0
    private var isAtEnd = false

    let size: Int64? = nil

    init(_ source: FileSource, _ filter: CompressionFilter, name: String, limits: ArchiveLimits) throws(LayerError) {
        guard let archive = archive_read_new() else { throw LayerError(.unsupported, name, "there is no memory left") }
        self.archive = archive
        self.feed = ArchiveFeed(source, name: name, byteLimit: limits.totalBytes)
        self.name = name
        self.limits = limits
        try check(filter.register(with: archive))
        try check(archive_read_support_format_raw(archive))
        try check(feed.open(archive))
        // libarchive goes on decompressing what it has decompressed; the last one it counts is the file itself.
        guard archive_filter_count(archive) <= 2 else {
            throw LayerError(.hostile, name, "is compressed more than once")
        }
        var entry: OpaquePointer?
        switch archive_read_next_header(archive, &entry) {
        case ARCHIVE_EOF: try end()
        case let result: try check(result)
        }
    }

    deinit { archive_read_free(archive) }

    func next() throws(LayerError) -> UnsafeRawBufferPointer {
        while !isAtEnd {
            var block: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let result = archive_read_data_block(archive, &block, &count, &offset)
            if result == ARCHIVE_EOF {
                try end()
                break
            }
            try check(result)
            produced += Int64(count)
            try checkRatio()
            if count > 0 { return UnsafeRawBufferPointer(start: block, count: count) }
        }
        return UnsafeRawBufferPointer(start: nil, count: 0)
    }

    func skip(_ count: Int64) -> Int64 { 0 }

    func seek(to offset: Int64) -> Bool { false }

    private func end() throws(LayerError) {
        isAtEnd = true
        try feed.requireOnlyZeros(after: archive_filter_bytes(archive, -1))
    }

    private func checkRatio() throws(LayerError) {
        guard produced > limits.ratioFloor else { return }
        guard produced / max(1, feed.delivered) <= limits.ratio else {
            throw LayerError(.limit, name, "grows to more than \(limits.ratio) times its size when it is decompressed")
        }
    }

    private func check(_ result: Int32) throws(LayerError) {
        if let failure = feed.failure { throw failure }
        guard result == ARCHIVE_OK else {
            throw LayerError(.malformed, name, "cannot be decompressed: \(archiveMessage(archive))")
        }
    }
}
