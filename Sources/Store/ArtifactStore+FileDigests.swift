import GRDB
package import SystemIO
package import SystemPackage

/// The digest of a file's content, and what the file looked like when it was computed.
package struct KnownFileDigest: Hashable, Sendable {
    package let digest: Digest
    package let device: UInt64
    package let inode: UInt64
    package let size: Int64
    /// Nanoseconds since 1970.
    package let modified: Int64
    package let changed: Int64

    package init(digest: Digest, status: FileStatus) {
        self.digest = digest
        self.device = status.device
        self.inode = status.inode
        self.size = status.size
        self.modified = status.modified
        self.changed = status.changed
    }

    fileprivate init(_ row: Row) throws {
        digest = try row.digest("digest")
        device = UInt64(bitPattern: row["device"])
        inode = UInt64(bitPattern: row["inode"])
        size = row["size"]
        modified = row["modified"]
        changed = row["changed"]
    }

    fileprivate static let columns = "path, digest, device, inode, size, modified, changed"

    /// The digest still stands for the file: size, both times, inode and device agree.
    ///
    /// A modification time alone proves nothing, for anybody can set it; the change time is the kernel's.
    package func matches(_ status: FileStatus) -> Bool {
        status.kind == .regular && size == status.size && modified == status.modified && changed == status.changed
            && inode == status.inode && device == status.device
    }

    /// The file may have been written again after its digest was computed, without a trace in its times.
    ///
    /// That is so within the same tick of the clock; 50 ms is several ticks of the slowest kernel clock. Such a digest
    /// is not kept.
    package func isRacy(hashedAt: Int64) -> Bool {
        let margin: Int64 = 50_000_000
        return changed > hashedAt - margin || (modified - hashedAt).magnitude < margin.magnitude
    }
}

extension ArtifactStore {
    /// The known digest of one file; check it with `matches`.
    ///
    /// Paths are compared byte by byte, so name the file as it was named when it was recorded: absolute and without `..`.
    package func fileDigest(_ path: FilePath) throws -> KnownFileDigest? {
        try query(none: nil) { database in
            try Row.fetchOne(
                database,
                sql: "SELECT \(KnownFileDigest.columns) FROM file_digest WHERE path = ?",
                arguments: [DatabaseBytes(bytes(of: path))]
            ).map(KnownFileDigest.init)
        }
    }

    /// Remembers digests, in one transaction; those that could be stale without showing it are left out.
    ///
    /// The status is the one from before the file was read, and was the same after. `hashedAt` is the time just before
    /// the reading began, in nanoseconds since 1970.
    package func recordFileDigests(_ known: [FilePath: KnownFileDigest], hashedAt: Int64) throws {
        let safe = known.filter { !$0.value.isRacy(hashedAt: hashedAt) }
        if safe.isEmpty { return }
        try change("record digests of files") { database in
            let statement = try database.makeStatement(
                sql: """
                    INSERT OR REPLACE INTO file_digest (\(KnownFileDigest.columns))
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """
            )
            for (path, known) in safe {
                try statement.execute(arguments: [
                    DatabaseBytes(bytes(of: path)), known.digest.hex, Int64(bitPattern: known.device),
                    Int64(bitPattern: known.inode), known.size, known.modified, known.changed,
                ])
            }
        }
    }
}

private func bytes(of path: FilePath) -> [UInt8] {
    path.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: path.length)) }
}
