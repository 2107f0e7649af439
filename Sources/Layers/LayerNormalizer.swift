package import SystemIO

/// Makes a deterministic layer of a root file system that another program packed: sorted, times clamped, owners as
/// numbers.
///
/// A base image's own layers are not for this: their bytes are fixed by the image's config.
package struct LayerNormalizer {
    package struct Options {
        /// No modification time is later than this: seconds since 1970.
        package var latestTime: Int64
        package var formats: Set<TarReader.Format>
        package var limits: ArchiveLimits
        /// Leaves a path out, with all below it.
        package var excludes: (EntryPath) -> Bool

        package init(
            latestTime: Int64,
            formats: Set<TarReader.Format> = [.tar],
            limits: ArchiveLimits = .standard,
            excludes: @escaping (EntryPath) -> Bool = { _ in false }
        ) {
            self.latestTime = latestTime
            self.formats = formats
            self.limits = limits
            self.excludes = excludes
        }
    }

    /// Appends all of `archive`, a file or a pipe, to `writer`.
    ///
    /// Content that cannot be read in place waits in `spool`, an empty file open for reading and writing. Directories
    /// that the archive only implies become entries. Refused are names that mean whiteouts in a layer, and a name that
    /// comes twice, unless both are directories: the later one counts then.
    package static func normalize(
        _ archive: Descriptor,
        name: String,
        spool: Descriptor,
        options: Options,
        into writer: inout TarWriter
    ) throws(LayerError) {
        let (listing, spooled) = try read(archive, name: name, spool: spool, options)
        let changes = try LayerChanges(listing, name: name, limits: options.limits) { (path) throws(LayerError) in path
        }
        // Of the names of one file the first that stays carries the content.
        var firstNames: [Int: EntryPath] = [:]
        var excluded: EntryPath?
        for change in changes.changes {
            if let excluded, change.path.isBelow(excluded) { continue }
            if options.excludes(change.path) {
                excluded = change.path
                continue
            }
            guard let index = change.item else {
                try writer.append(.directory(change.path, modified: min(0, options.latestTime)))
                continue
            }
            let origin = changes.origins[index] ?? index
            var entry = listing.items[origin].entry
            entry.path = change.path
            entry.clampModified(to: options.latestTime)
            if let first = firstNames[origin] {
                (entry.kind, entry.linkTarget, entry.size) = (.hardLink, first.bytes, 0)
                entry.setXattrs([])
                try writer.append(entry)
            } else {
                if entry.kind != .directory { firstNames[origin] = change.path }
                if entry.kind == .regular {
                    let source = spooled.contains(origin) ? spool : archive
                    try writer.append(entry, slice: source, at: listing.items[origin].dataOffset)
                } else {
                    try writer.append(entry)
                }
            }
        }
    }

    /// The entries, and which of them have their content in the spool file instead of the archive.
    private static func read(
        _ archive: Descriptor,
        name: String,
        spool: Descriptor,
        _ options: Options
    ) throws(LayerError) -> (LayerListing, Set<Int>) {
        var reader = try TarReader.open(archive, name: name, formats: options.formats, limits: options.limits)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        defer { buffer.deallocate() }
        var items = LayerListing.Items()
        var kinds: [EntryPath: EntryKind] = [:]
        var spooled: Set<Int> = []
        var spoolSize: Int64 = 0
        while let entry = try reader.next() {
            if let before = kinds.updateValue(entry.kind, forKey: entry.path),
                before != .directory || entry.kind != .directory
            {
                throw LayerError(.malformed, name, entry: entry.path, "is in the archive twice")
            }
            guard Whiteout.reservedComponent(of: entry.path.bytes) == nil else {
                let message = "begins with '.wh.', which marks what is taken away in a layer"
                throw LayerError(.unsupported, name, entry: entry.path, message)
            }
            if reader.canReadInPlace && !reader.isSparse {
                items.append(.init(entry: entry, dataOffset: reader.dataOffset))
            } else {
                spooled.insert(items.count)
                items.append(.init(entry: entry, dataOffset: spoolSize))
                spoolSize += try spoolContent(of: entry, from: &reader, to: spool, buffer)
            }
        }
        return (LayerListing(items: items), spooled)
    }

    private static func spoolContent(
        of entry: TarEntry,
        from reader: inout TarReader,
        to spool: Descriptor,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(LayerError) -> Int64 {
        var total: Int64 = 0
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { return total }
            try wrappingSystemError(reader.name, entry.path) { () throws(SystemError) in
                try spool.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            total += Int64(count)
        }
    }
}
