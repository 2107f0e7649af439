import CArchive
package import SystemIO
import SystemPackage

/// Reads an archive as a stream, and is strict: what is not wholly understood is an error, never passed over.
///
/// Compression (gzip, xz, zstd, bzip2, lz4; several members too) is found by the first bytes. Names are normalised;
/// `..` is refused and an absolute name counts from the root. Sparse files come expanded. Access control lists come as the
/// extended attributes that Linux keeps them in.
package struct TarReader: ~Copyable {
    package enum Format: Sendable {
        case tar
        case zip
        case cpio
    }

    /// The name of the archive in messages.
    package let name: String
    package let isCompressed: Bool
    private let archive: OpaquePointer
    private let feed: ArchiveFeed
    let limits: ArchiveLimits
    private let formats: Set<Format>
    private let requiresEndMark: Bool
    /// Who the names in access control lists are; nil where these are passed over.
    let accounts: ArchiveAccounts?
    private var entryCount = 0
    private var current: TarEntry?
    private var delivered: Int64 = 0
    private var isAtEnd = false
    /// Whether the content of the entry that `next` gave is stored with holes; it does not lie at `dataOffset` then.
    package private(set) var isSparse = false

    private init(
        adopting archive: OpaquePointer,
        _ feed: ArchiveFeed,
        name: String,
        isCompressed: Bool,
        limits: ArchiveLimits,
        formats: Set<Format>,
        requiresEndMark: Bool,
        accounts: ArchiveAccounts?
    ) {
        self.name = name
        self.isCompressed = isCompressed
        self.archive = archive
        self.feed = feed
        self.limits = limits
        self.formats = formats
        self.requiresEndMark = requiresEndMark
        self.accounts = accounts
    }

    deinit { archive_read_free(archive) }

    /// Opens an archive in a regular file (from its start, whatever its position) or in a pipe.
    ///
    /// A tar may lack its end-of-archive mark only where `requiresEndMark` is false, because the bytes were verified by
    /// digest; an empty file then is a tar without entries.
    package static func open(
        _ file: Descriptor,
        name: String? = nil,
        formats: Set<Format> = [.tar],
        limits: ArchiveLimits = .standard,
        requiresEndMark: Bool = true
    ) throws(LayerError) -> TarReader {
        let name = name ?? file.path.string
        let accounts = ArchiveAccounts(file, name: name, formats: formats, limits: limits)
        return try open(
            file,
            name: name,
            formats: formats,
            limits: limits,
            requiresEndMark: requiresEndMark,
            accounts: accounts
        )
    }

    /// The same; without `accounts` access control lists are passed over.
    static func open(
        _ file: Descriptor,
        name: String,
        formats: Set<Format>,
        limits: ArchiveLimits,
        requiresEndMark: Bool,
        accounts: ArchiveAccounts?
    ) throws(LayerError) -> TarReader {
        try ArchiveLocale.prepare(name)
        let fileSource = try FileSource(file, name: name)
        let magic = try fileSource.peek()
        let filter = CompressionFilter(magic: magic)
        var source: any ByteSource = fileSource
        if let filter { source = try DecompressingSource(fileSource, filter, name: name, limits: limits) }
        guard let archive = archive_read_new() else { throw LayerError(.unsupported, name, "there is no memory left") }
        var reader = TarReader(
            adopting: archive,
            ArchiveFeed(source, name: name, byteLimit: limits.totalBytes),
            name: name,
            isCompressed: filter != nil,
            limits: limits,
            formats: formats,
            requiresEndMark: requiresEndMark,
            accounts: accounts
        )
        if magic.isEmpty, !requiresEndMark { reader.isAtEnd = true } else { try reader.start(isEmpty: magic.isEmpty) }
        return reader
    }

    private func start(isEmpty: Bool) throws(LayerError) {
        if isEmpty { throw LayerError(.malformed, name, "is empty, not an archive") }
        if formats.contains(.tar) { try check(archive_read_support_format_tar(archive)) }
        if formats.contains(.cpio) { try check(archive_read_support_format_cpio(archive)) }
        if formats.contains(.zip) {
            try check(archive_read_support_format_zip_streamable(archive))
            try check(archive_read_support_format_zip_seekable(archive))
        }
        try check(feed.open(archive))
    }

    /// Whether content can also be read from the archive's file at `dataOffset`, unless the entry `isSparse`.
    package var canReadInPlace: Bool { !isCompressed && feed.source.size != nil && isTar }

    /// The next entry; nil at the end of the archive, which has then been checked to be one.
    ///
    /// Content of the entry before that was not read is passed over.
    package mutating func next() throws(LayerError) -> TarEntry? {
        if isAtEnd { return nil }
        let before = current?.path
        current = nil
        var header: OpaquePointer?
        let result = archive_read_next_header(archive, &header)
        if result == ARCHIVE_EOF {
            if let failure = feed.failure { throw failure }
            isAtEnd = true
            try checkEnd()
            return nil
        }
        guard result == ARCHIVE_OK || result == ARCHIVE_WARN, let header else {
            try check(result, after: before)
            throw LayerError(.malformed, name, entry: before, "the entry after it cannot be read")
        }
        entryCount += 1
        guard entryCount <= limits.entryCount else {
            throw LayerError(.limit, name, "has more than the \(limits.entryCount) entries that are allowed")
        }
        var entry = try convert(header)
        isSparse = archive_entry_sparse_count(header) > 0
        // A name that is no UTF-8 makes libarchive warn and keep the bytes, which is what is wanted. Of a record that it
        // passes over because it cannot read it, an access control list's, it only leaves its error behind.
        let isRefused =
            result == ARCHIVE_WARN
            ? isValidUTF8(entry.path.bytes) && isValidUTF8(entry.linkTarget) : archive_errno(archive) != 0
        if isRefused {
            throw LayerError(.malformed, name, entry: entry.path, "cannot be read: \(archiveMessage(archive))")
        }
        // What only repeats the permission bits has been folded into them.
        if archive_entry_acl_types(header) != 0 { try takeAccessLists(of: header, to: &entry) }
        current = entry
        delivered = 0
        return entry
    }

    /// Content of the entry that `next` gave; answers how many bytes, 0 at its end.
    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
        guard let entry = current, entry.kind == .regular, !buffer.isEmpty else { return 0 }
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else {
            try check(Int32(count), after: nil, at: entry.path)
            return 0
        }
        delivered += Int64(count)
        guard delivered <= entry.size, count > 0 || delivered == entry.size else {
            let message = "the header says \(entry.size) bytes, the archive holds \(delivered)"
            throw LayerError(.malformed, name, entry: entry.path, message)
        }
        return count
    }

    /// All content of the entry that `next` gave; more than `limit` bytes is an error.
    package mutating func readAll(limit: Int) throws(LayerError) -> [UInt8] {
        guard let entry = current else { return [] }
        guard entry.size <= limit else {
            throw LayerError(.limit, name, entry: entry.path, "is larger than the \(limit) bytes that are allowed here")
        }
        var content = [UInt8](repeating: 0, count: Int(entry.size))
        var done = 0
        while done < content.count {
            let start = done
            done += try content.withUnsafeMutableBufferPointer { (bytes) throws(LayerError) in
                try read(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(bytes)[start...]))
            }
        }
        return content
    }

    /// Where the content of the entry that `next` gave begins in the uncompressed archive; call before reading it.
    package var dataOffset: Int64 { archive_filter_bytes(archive, 0) }
}

extension TarReader {
    /// A tar must end with its mark, and only zeros may follow it.
    private func checkEnd() throws(LayerError) {
        guard !formats.contains(.zip) || isTar else { return }
        let consumed = archive_filter_bytes(archive, 0)
        if isTar, requiresEndMark, consumed - archive_read_header_position(archive) < 512 {
            throw LayerError(.malformed, name, "is cut off: it ends without the mark of an end")
        }
        try feed.requireOnlyZeros(after: consumed)
    }

    fileprivate var isTar: Bool { archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR }

    private func check(_ result: Int32, after before: EntryPath? = nil, at path: EntryPath? = nil) throws(LayerError) {
        if let failure = feed.failure { throw failure }
        guard result == ARCHIVE_OK else {
            let place = before.map { " (after entry '\($0)')" } ?? ""
            throw LayerError(.malformed, name, entry: path, "cannot be read: \(archiveMessage(archive))\(place)")
        }
    }

    private func convert(_ header: OpaquePointer) throws(LayerError) -> TarEntry {
        guard let rawName = bytes(of: archive_entry_pathname(header)) else {
            throw LayerError(.malformed, name, "entry \(entryCount) has a name that cannot be read")
        }
        let path = try validate(rawName, in: rawName)
        let modified = Int64(archive_entry_mtime(header))
        var entry = TarEntry(
            path: path,
            kind: try kind(of: header, path),
            mode: UInt32(archive_entry_perm(header)),
            owner: try identifier(archive_entry_uid(header), "owner", path),
            group: try identifier(archive_entry_gid(header), "group", path),
            modified: modified,
            // libarchive reads '-1.5' as half a second before 1970 (pax_time of archive_read_support_format_tar.c, 3.6).
            nanoseconds: modified < 0 ? 0 : UInt32(archive_entry_mtime_nsec(header))
        )
        if path.isRoot, entry.kind != .directory {
            throw LayerError(.hostile, name, entryText: printable(rawName), "the root can only be a directory")
        }
        switch entry.kind {
        case .regular: entry.size = try contentSize(of: header, path)
        case .symlink: entry.linkTarget = bytes(of: archive_entry_symlink(header)) ?? []
        case .hardLink:
            let target = bytes(of: archive_entry_hardlink(header)) ?? []
            entry.linkTarget = try validate(target, in: rawName, "it links to '\(printable(target))': ").bytes
        case .characterDevice, .blockDevice:
            entry.deviceMajor = UInt32(truncatingIfNeeded: archive_entry_rdevmajor(header))
            entry.deviceMinor = UInt32(truncatingIfNeeded: archive_entry_rdevminor(header))
        case .directory, .fifo: break
        }
        entry.setXattrs(try xattrs(of: header, path))
        return entry
    }

    private func validate(_ raw: [UInt8], in entry: [UInt8], _ role: String = "") throws(LayerError) -> EntryPath {
        do { return try EntryPath(validating: raw) } catch {
            let text = printable(entry.prefix(256))
            throw LayerError(error.reason == .tooLong ? .limit : .hostile, name, entryText: text, role + error.message)
        }
    }

    private func kind(of header: OpaquePointer, _ path: EntryPath) throws(LayerError) -> EntryKind {
        if archive_entry_hardlink(header) != nil { return .hardLink }
        let bits = archive_entry_filetype(header)
        for kind in [EntryKind.regular, .directory, .symlink, .characterDevice, .blockDevice, .fifo]
        where kind.formatBits == bits {
            return kind
        }
        throw LayerError(.unsupported, name, entry: path, "is of a kind that a layer cannot hold")
    }

    private func identifier(_ value: Int64, _ role: String, _ path: EntryPath) throws(LayerError) -> UInt32 {
        // The last number means "leave as it is" to chown.
        guard value >= 0, value < Int64(UInt32.max) else {
            throw LayerError(.hostile, name, entry: path, "the \(role) \(value) is not a number that Linux has")
        }
        return UInt32(value)
    }

    private func contentSize(of header: OpaquePointer, _ path: EntryPath) throws(LayerError) -> Int64 {
        guard archive_entry_size_is_set(header) != 0 else {
            throw LayerError(.unsupported, name, entry: path, "the archive does not say how large it is")
        }
        let size = archive_entry_size(header)
        guard size >= 0 else { throw LayerError(.malformed, name, entry: path, "has a negative size") }
        guard size <= limits.totalBytes else {
            let message = "is larger than the \(limits.totalBytes) bytes that are allowed for a whole archive"
            throw LayerError(.limit, name, entry: path, message)
        }
        return size
    }

    private func xattrs(of header: OpaquePointer, _ path: EntryPath) throws(LayerError) -> [ExtendedAttribute] {
        var result: [ExtendedAttribute] = []
        var total = 0
        var left = archive_entry_xattr_reset(header)
        while left > 0 {
            var key: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var count = 0
            guard archive_entry_xattr_next(header, &key, &value, &count) == ARCHIVE_OK, let key else { break }
            left -= 1
            guard let text = String(validatingCString: key) else {
                throw LayerError(.malformed, name, entry: path, "has an extended attribute whose name is no UTF-8")
            }
            total += text.utf8.count + count
            guard total <= limits.xattrBytes else {
                let message = "has more than the \(limits.xattrBytes) bytes of extended attributes that are allowed"
                throw LayerError(.limit, name, entry: path, message)
            }
            result.append(
                ExtendedAttribute(name: text, value: Array(UnsafeRawBufferPointer(start: value, count: count)))
            )
        }
        return result
    }
}
