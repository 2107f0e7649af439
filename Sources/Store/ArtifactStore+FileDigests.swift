import GRDB
import GRDBSQLite
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

    /// The columns of the row at which `statement` stands, in the order of `columns`.
    ///
    /// From SQLite itself, since there may be a hundred thousand rows.
    fileprivate init(_ statement: OpaquePointer) throws {
        let digits = UnsafeRawBufferPointer(
            start: sqlite3_column_text(statement, 1),
            count: Int(sqlite3_column_bytes(statement, 1))
        )
        guard let digest = Digest(hexDigits: digits) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the column 'digest' holds no digest")
        }
        self.digest = digest
        device = UInt64(bitPattern: sqlite3_column_int64(statement, 2))
        inode = UInt64(bitPattern: sqlite3_column_int64(statement, 3))
        size = sqlite3_column_int64(statement, 4)
        modified = sqlite3_column_int64(statement, 5)
        changed = sqlite3_column_int64(statement, 6)
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
    /// The known digests of the files below a folder, in one query; check each with `matches`.
    ///
    /// Paths are compared byte by byte, so name the folder as it was named when they were recorded: absolute and
    /// without `..`. The bytes of a path are valid for the call only.
    package func forEachFileDigest(
        under folder: FilePath,
        _ body: (_ path: UnsafeRawBufferPointer, KnownFileDigest) throws -> Void
    ) throws {
        var lower = bytes(of: folder)
        if lower.last != UInt8(ascii: "/") { lower.append(UInt8(ascii: "/")) }
        // The first bytes after all that starts with the folder and a slash: '0' follows '/'.
        let upper = lower.dropLast() + [UInt8(ascii: "0")]
        try forEachRow("path >= ? AND path < ?", [DatabaseBytes(lower), DatabaseBytes(Array(upper))], body)
    }

    /// The same as a dictionary.
    package func fileDigests(under folder: FilePath) throws -> [FilePath: KnownFileDigest] {
        var known: [FilePath: KnownFileDigest] = [:]
        try forEachFileDigest(under: folder) { if let path = filePath(Array($0)) { known[path] = $1 } }
        return known
    }

    /// The known digest of one file.
    package func fileDigest(_ path: FilePath) throws -> KnownFileDigest? {
        var found: KnownFileDigest?
        try forEachRow("path = ?", [DatabaseBytes(bytes(of: path))]) { found = $1 }
        return found
    }

    private func forEachRow(
        _ condition: String,
        _ arguments: StatementArguments,
        _ body: (_ path: UnsafeRawBufferPointer, KnownFileDigest) throws -> Void
    ) throws {
        try query(none: ()) { database in
            let statement = try database.makeStatement(
                sql: "SELECT \(KnownFileDigest.columns) FROM file_digest WHERE \(condition)"
            )
            try statement.setArguments(arguments)
            let rows = statement.sqliteStatement
            defer { sqlite3_reset(rows) }
            while true {
                switch sqlite3_step(rows) {
                case SQLITE_ROW:
                    let path = UnsafeRawBufferPointer(
                        start: sqlite3_column_blob(rows, 0),
                        count: Int(sqlite3_column_bytes(rows, 0))
                    )
                    try body(path, try KnownFileDigest(rows))
                case SQLITE_DONE: return
                case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code))
                }
            }
        }
    }

    /// Forgets the digests of files below a folder that are no more, so that they are not read with each plan.
    ///
    /// A file that cannot be looked at counts as there.
    package func forgetVanishedFiles(under folder: FilePath) throws {
        var vanished: [FilePath] = []
        try forEachFileDigest(under: folder) { bytes, _ in
            guard let path = filePath(Array(bytes)) else { return }
            let isGone: Bool
            do { isGone = try FileStatus.ofExisting(path) == nil } catch { isGone = false }
            if isGone { vanished.append(path) }
        }
        if vanished.isEmpty { return }
        try change("forget files that are no more") { database in
            let statement = try database.makeStatement(sql: "DELETE FROM file_digest WHERE path = ?")
            for path in vanished { try statement.execute(arguments: [DatabaseBytes(bytes(of: path))]) }
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
