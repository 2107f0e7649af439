import GRDB
import GRDBSQLite
import SystemIO
package import SystemPackage

/// What plans saw of folders and files that steps read, under the bytes of their absolute paths.
extension ArtifactStore {
    /// Hands over what was seen of a folder and of all below it.
    ///
    /// Paths are compared byte by byte, so name the folder as it was named when they were recorded: absolute and
    /// without `..`.
    package func forEachSeenInput(under folder: FilePath, _ body: (_ path: [UInt8], _ seen: [UInt8]) -> Void) throws {
        try query(none: ()) { database in
            // An older program made the index.
            guard try database.tableExists("seen_input") else { return }
            let statement = try database.makeStatement(sql: "SELECT path, body FROM seen_input WHERE \(Self.isUnder)")
            try statement.setArguments(Self.range(of: folder))
            // From SQLite itself, since there may be megabytes.
            let rows = statement.sqliteStatement
            defer { sqlite3_reset(rows) }
            func bytes(_ column: Int32) -> [UInt8] {
                let start = sqlite3_column_blob(rows, column)
                return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(rows, column))))
            }
            while true {
                switch sqlite3_step(rows) {
                case SQLITE_ROW: body(bytes(0), bytes(1))
                case SQLITE_DONE: return
                case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code))
                }
            }
        }
    }

    /// Keeps what was seen, in one transaction.
    package func recordSeenInputs(_ inputs: [(path: [UInt8], seen: [UInt8])]) throws {
        try change("record what was read") { database in
            let statement = try database.makeStatement(
                sql: "INSERT OR REPLACE INTO seen_input (path, body) VALUES (?, ?)"
            )
            for input in inputs {
                try statement.execute(arguments: [DatabaseBytes(input.path), DatabaseBytes(input.seen)])
            }
        }
    }

    /// Forgets what was seen below a folder where nothing is any more, so that it is not read with each plan.
    ///
    /// What cannot be looked at counts as there.
    package func forgetVanishedInputs(under folder: FilePath) throws {
        let vanished = try query(none: []) { database -> [DatabaseBytes] in
            let paths = try DatabaseBytes.fetchAll(
                database,
                sql: "SELECT path FROM seen_input WHERE \(Self.isUnder)",
                arguments: Self.range(of: folder)
            )
            return paths.filter { Self.hasVanished($0) }
        }
        if vanished.isEmpty { return }
        try change("forget what is no more") { try Self.forget(vanished, in: $0) }
    }

    static func forget(_ inputs: [DatabaseBytes], in database: Database) throws {
        let statement = try database.makeStatement(sql: "DELETE FROM seen_input WHERE path = ?")
        for path in inputs { try statement.execute(arguments: [path]) }
    }

    static func hasVanished(_ path: DatabaseBytes) -> Bool {
        guard let path = filePath(path.bytes) else { return true }
        do { return try FileStatus.ofExisting(path) == nil } catch { return false }
    }

    private static let isUnder = "path = ? OR path >= ? AND path < ?"

    /// '0' follows '/', so that the range ends before the first path beside the folder.
    private static func range(of folder: FilePath) -> StatementArguments {
        let path = folder.withPlatformString { Array(UnsafeRawBufferPointer(start: $0, count: folder.length)) }
        let start = path.last == UInt8(ascii: "/") ? Array(path.dropLast()) : path
        return [
            DatabaseBytes(path), DatabaseBytes(start + [UInt8(ascii: "/")]), DatabaseBytes(start + [UInt8(ascii: "0")]),
        ]
    }
}
