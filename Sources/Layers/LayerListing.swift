package import SystemIO

/// The index of an uncompressed layer: its entries in the order of the tar, and where the content of each lies in it.
package struct LayerListing: Sendable, Equatable {
    package struct Item: Sendable, Hashable {
        package let entry: TarEntry
        /// Where the `entry.size` bytes of a regular file begin in the tar; of no meaning for other kinds.
        package let dataOffset: Int64

        package init(entry: TarEntry, dataOffset: Int64) {
            self.entry = entry
            self.dataOffset = dataOffset
        }
    }

    package let items: Items

    package init(items: Items) { self.items = items }

    /// Reads the headers of an uncompressed tar, content is passed over.
    ///
    /// The bytes count as verified by digest: the end-of-archive mark may be missing. A compressed tar and a sparse
    /// entry are refused, because their content lies at no offset.
    package static func scan(
        _ file: Descriptor,
        name: String? = nil,
        limits: ArchiveLimits = .standard
    ) throws(LayerError) -> LayerListing {
        var reader = try TarReader.open(file, name: name, limits: limits, requiresEndMark: false)
        guard !reader.isCompressed else {
            throw LayerError(.unsupported, reader.name, "is compressed, so that there is no offset into it")
        }
        var items = Items()
        while let entry = try reader.next() {
            guard !reader.isSparse else {
                let message = "is stored as a sparse file, which a layer may not hold"
                throw LayerError(.unsupported, reader.name, entry: entry.path, message)
            }
            items.append(Item(entry: entry, dataOffset: reader.dataOffset))
        }
        return LayerListing(items: items)
    }
}
