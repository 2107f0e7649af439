/// How much an archive from outside may ask for before it is refused (decompression bombs, endless names).
package struct ArchiveLimits: Sendable, Hashable {
    /// Bytes after decompression, headers and padding included.
    package var totalBytes: Int64
    package var entryCount: Int
    /// Bytes after decompression for each byte before; looked at from `ratioFloor` bytes on.
    package var ratio: Int64
    package var ratioFloor: Int64
    /// Bytes of all extended attributes of one entry, names and values.
    package var xattrBytes: Int
    /// Entries of one access control list, with the square of which libarchive's time grows; ext4 has room for some 500.
    package var accessListEntries: Int
    /// Bytes of the names of all directories that a layer only implies: a name of 4095 bytes may imply 2047 of them.
    package var impliedBytes: Int

    package init(
        totalBytes: Int64 = 256 << 30,
        entryCount: Int = 8_000_000,
        ratio: Int64 = 1100,
        ratioFloor: Int64 = 1 << 30,
        xattrBytes: Int = 1 << 20,
        accessListEntries: Int = 1024,
        impliedBytes: Int = 64 << 20
    ) {
        self.totalBytes = totalBytes
        self.entryCount = entryCount
        self.ratio = ratio
        self.ratioFloor = ratioFloor
        self.xattrBytes = xattrBytes
        self.accessListEntries = accessListEntries
        self.impliedBytes = impliedBytes
    }

    /// Far above any image that is meant to be one.
    ///
    /// gzip cannot pass 1032:1, so the ratio stops only zstd, xz and bzip2.
    package static let standard = ArchiveLimits()
}
