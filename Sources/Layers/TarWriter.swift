import CArchive
import Glibc
package import SystemIO
import SystemPackage

/// Writes a deterministic tar: the same entries in the same order give the same bytes, anywhere.
///
/// POSIX ustar headers, and a pax header only for what ustar cannot say, such as a modification time below a second;
/// numeric owners without names; no other times; extended attributes as `SCHILY.xattr`. The caller brings the order.
/// A warning of libarchive is an error, but for names that are no UTF-8, which are kept as bytes.
package struct TarWriter: ~Copyable {
    /// The name of the archive in messages.
    package let name: String
    private let archive: OpaquePointer
    private let entry: OpaquePointer
    private let sink: TarSink
    private var listing = ListingEncoder()

    /// Takes ownership; nothing may fail from here on.
    private init(adopting archive: OpaquePointer, _ entry: OpaquePointer, name: String, sink: TarSink) {
        self.name = name
        self.archive = archive
        self.entry = entry
        self.sink = sink
    }

    deinit {
        // An unfinished archive writes its end when it is closed, which nobody may get; one that is not closed keeps its
        // buffers for ever.
        sink.abandon()
        archive_write_close(archive)
        archive_write_free(archive)
        archive_entry_free(entry)
    }

    /// Writes to an open file, from its current position on.
    package static func open(to file: Descriptor, name: String? = nil) throws(LayerError) -> TarWriter {
        try open(name: name ?? file.path.string) { (bytes) throws(SystemError) in try file.write(bytes) }
    }

    /// Hands the bytes to `write` in pieces of at most 1 MiB.
    package static func open(
        name: String,
        write: @escaping (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(LayerError) -> TarWriter {
        try open(name: name, into: WrittenBlocks(write))
    }

    /// Fills `blocks`, in their place as far as that is possible.
    static func open(name: String, into blocks: any TarBlocks) throws(LayerError) -> TarWriter {
        try ArchiveLocale.prepare(name)
        guard let archive = archive_write_new() else { throw LayerError(.unsupported, name, "there is no memory left") }
        guard let entry = archive_entry_new() else {
            archive_write_free(archive)
            throw LayerError(.unsupported, name, "there is no memory left")
        }
        let writer = TarWriter(adopting: archive, entry, name: name, sink: TarSink(blocks))
        try writer.start()
        return writer
    }

    private func start() throws(LayerError) {
        // The restricted form leaves out what a time has below its second. There is no other difference for these entries,
        // which never have access, change or birth times (archive_write_set_format_pax.c, 3.6).
        try check(archive_write_set_format_pax(archive))
        try check(archive_write_set_options(archive, "xattrheader=SCHILY"))
        // Straight to the callback: no blocking to 10 KiB, no padding of the last block.
        try check(archive_write_set_bytes_per_block(archive, 0))
        try check(archive_write_set_bytes_in_last_block(archive, 1))
        let context = Unmanaged.passUnretained(sink).toOpaque()
        let result = archive_write_open(
            archive,
            context,
            nil,
            { _, context, bytes, count in
                guard let context else { return -1 }
                let sink = Unmanaged<TarSink>.fromOpaque(context).takeUnretainedValue()
                return sink.take(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : -1
            },
            nil
        )
        try check(result)
    }

    /// Appends an entry that has no content.
    package mutating func append(_ item: TarEntry) throws(LayerError) {
        try append(item, bytes: [])
    }

    /// Appends a file with `bytes`, which must be `item.size` of them.
    package mutating func append(_ item: TarEntry, bytes: [UInt8]) throws(LayerError) {
        guard Int64(bytes.count) == item.size else { throw wrongSize(item, Int64(bytes.count)) }
        try writeHeader(item)
        try bytes.withUnsafeBufferPointer { (bytes) throws(LayerError) in
            try writeData(UnsafeRawBufferPointer(bytes), of: item)
        }
    }

    /// Appends a whole file; a file that is not `item.size` bytes long is an error: it changed.
    package mutating func append(_ item: TarEntry, file: Descriptor) throws(LayerError) {
        let path = item.path, archiveName = name
        var position: Int64 = 0
        try writeHeader(item)
        // One byte more than is missing is asked for, so that a file that has grown shows without another call.
        repeat {
            let missing = item.size - position
            let room = try room(for: item)
            let count = try wrappingSystemError(archiveName, path) { () throws(SystemError) in
                let wanted = Int(min(missing, Int64(room.count)))
                let more = Int64(wanted) == missing ? 1 : 0
                return try file.read(into: .init(start: room.baseAddress, count: wanted + more), at: position)
            }
            guard count > 0 || missing == 0 else { throw wrongSize(item, position) }
            guard Int64(count) <= missing else { throw wrongSize(item, item.size + 1) }
            try writeData(UnsafeRawBufferPointer(rebasing: room[..<count]), of: item)
            position += Int64(count)
        } while position < item.size
    }

    /// Appends `item.size` bytes of `source` from `offset` on; a source that ends before is an error.
    package mutating func append(_ item: TarEntry, slice source: Descriptor, at offset: Int64) throws(LayerError) {
        var position = offset
        let path = item.path, archiveName = name
        try append(item) { (buffer) throws(LayerError) in
            let count = try wrappingSystemError(archiveName, path) { () throws(SystemError) in
                try source.read(into: buffer, at: position)
            }
            position += Int64(count)
            return count
        }
    }

    /// Appends content that `read` fills into a buffer piece by piece until it answers 0.
    ///
    /// It must give exactly `item.size` bytes; it is not asked for more than is missing.
    package mutating func append(
        _ item: TarEntry,
        read: (UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
    ) throws(LayerError) {
        try writeHeader(item)
        var missing = item.size
        while missing > 0 {
            let room = try room(for: item)
            let count = try read(UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(min(missing, 256 << 10)))))
            guard count > 0 else { throw wrongSize(item, item.size - missing) }
            try writeData(UnsafeRawBufferPointer(rebasing: room[..<count]), of: item)
            missing -= Int64(count)
        }
    }

    /// Writes the end of the archive and hands on all that is pending.
    package consuming func finish() throws(LayerError) -> WrittenLayer {
        try check(archive_write_close(archive))
        let (sink, name, listing) = (sink, name, listing)
        try wrappingSystemError(name) { () throws(SystemError) in try sink.flush() }
        return WrittenLayer(
            digest: sink.digester.finish(),
            size: sink.count,
            encodedListing: listing.finish()
        )
    }
}

extension TarWriter {
    private mutating func writeHeader(_ item: TarEntry) throws(LayerError) {
        guard item.kind == .regular || item.size == 0 else {
            throw LayerError(.unsupported, name, entry: item.path, "only a regular file has content")
        }
        guard item.kind == .directory || !item.path.isRoot else {
            throw LayerError(.hostile, name, entry: item.path, "the root is a directory")
        }
        if let attribute = item.xattrs.first(where: { !canBeKept($0.name) }) {
            let message =
                "has the extended attribute '\(attribute.name)', whose name a tar cannot hold: "
                + "it may consist of visible ASCII characters, without '%' and '='; remove it with 'setfattr -x'"
            throw LayerError(.unsupported, name, entry: item.path, message)
        }
        fill(entry, from: item)
        // libarchive takes a name that it cannot convert for want of memory where an earlier call left that behind.
        errno = 0
        let result = archive_write_header(archive, entry)
        // libarchive marks names that are no UTF-8 as binary and warns; the bytes are kept, which is what is wanted.
        let isBinary = result == ARCHIVE_WARN && !(isValidUTF8(item.path.bytes) && isValidUTF8(item.linkTarget))
        if !isBinary { try check(result, item.path) }
        listing.append(LayerListing.Item(entry: item, dataOffset: sink.count))
    }

    private func room(for item: TarEntry) throws(LayerError) -> UnsafeMutableRawBufferPointer {
        let (sink, name, path) = (sink, name, item.path)
        return try wrappingSystemError(name, path) { () throws(SystemError) in try sink.room() }
    }

    private func writeData(_ bytes: UnsafeRawBufferPointer, of item: TarEntry) throws(LayerError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = archive_write_data(archive, rest.baseAddress, rest.count)
            guard count > 0 else {
                try check(count < 0 ? Int32(count) : ARCHIVE_FATAL, item.path)
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    private func check(_ result: Int32, _ path: EntryPath? = nil) throws(LayerError) {
        if let failure = sink.failure { throw LayerError(failure, name, entry: path) }
        guard result == ARCHIVE_OK else {
            throw LayerError(.unsupported, name, entry: path, "cannot write: \(archiveMessage(archive))")
        }
    }

    private func wrongSize(_ item: TarEntry, _ found: Int64) -> LayerError {
        let message =
            found < item.size
            ? "the file ended after \(found) of \(item.size) bytes while it was read"
            : "the file grew beyond \(item.size) bytes while it was read"
        return LayerError(.changed, name, entry: item.path, message)
    }
}

/// Whether the name of an attribute is read as it is written.
///
/// libarchive writes all others with percent signs (`url_encode` of archive_write_set_format_pax.c, 3.6), which no reader
/// of `SCHILY.xattr` takes back: the attribute would have another name. The specification of pax has no `=` in a keyword.
private func canBeKept(_ attribute: String) -> Bool {
    attribute.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "=") }
}

/// Sets all that a tar header keeps; what is not set is absent.
private func fill(_ entry: OpaquePointer, from item: TarEntry) {
    archive_entry_clear(entry)
    withCString(item.path.isRoot ? Array("./".utf8) : item.path.bytes) { archive_entry_copy_pathname(entry, $0) }
    archive_entry_set_mode(entry, item.kind.formatBits | item.mode)
    archive_entry_set_uid(entry, Int64(item.owner))
    archive_entry_set_gid(entry, Int64(item.group))
    archive_entry_set_mtime(entry, time_t(item.modified), Int(item.nanoseconds))
    archive_entry_set_size(entry, item.size)
    switch item.kind {
    case .symlink: withCString(item.linkTarget) { archive_entry_copy_symlink(entry, $0) }
    case .hardLink: withCString(item.linkTarget) { archive_entry_copy_hardlink(entry, $0) }
    case .characterDevice, .blockDevice:
        archive_entry_set_rdevmajor(entry, dev_t(item.deviceMajor))
        archive_entry_set_rdevminor(entry, dev_t(item.deviceMinor))
    case .regular, .directory, .fifo: break
    }
    // libarchive puts each new attribute in front.
    for attribute in item.xattrs.reversed() {
        attribute.value.withUnsafeBytes {
            archive_entry_xattr_add_entry(entry, attribute.name, $0.baseAddress, $0.count)
        }
    }
}

extension EntryKind {
    /// The file type bits of `st_mode`; a hard link carries those of a regular file.
    var formatBits: UInt32 {
        switch self {
        case .regular, .hardLink: S_IFREG
        case .directory: S_IFDIR
        case .symlink: S_IFLNK
        case .characterDevice: S_IFCHR
        case .blockDevice: S_IFBLK
        case .fifo: S_IFIFO
        }
    }
}

/// A tar that was written whole.
package struct WrittenLayer: Sendable {
    /// The digest of the uncompressed bytes: the layer's diffID.
    package let digest: Digest
    package let size: Int64
    /// What `LayerListing(decoding:)` reads.
    package let encodedListing: [UInt8]

    /// Decoded each time.
    package var listing: LayerListing {
        guard let listing = LayerListing(decoding: encodedListing) else {
            preconditionFailure("a listing that was just encoded can be decoded")
        }
        return listing
    }
}
