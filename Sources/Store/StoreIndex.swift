import GRDB
import GRDBSQLite
import SystemIO
import SystemPackage

/// The SQLite database of a store.
///
/// Write-ahead log, so that readers and one writer do not wait for each other. Writers leave the `-wal` and `-shm`
/// files behind when they close (`SQLITE_FCNTL_PERSIST_WAL`), because a reader that may not create files cannot open
/// the database without them.
final class StoreIndex: Sendable {
    /// The format that this program writes; a higher one on disk is refused.
    static let format = 1

    let path: FilePath
    private let queue: DatabaseQueue

    private init(path: FilePath, queue: DatabaseQueue) {
        self.path = path
        self.queue = queue
    }

    /// Opens or creates; the caller holds a lock against others who do the same.
    static func openForWriting(_ path: FilePath) throws -> StoreIndex {
        var configuration = Configuration()
        configuration.busyMode = .timeout(30)
        configuration.prepareDatabase { database in
            try keepLog(database)
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            // A version or a release that was reported must survive a power cut.
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304")
        }
        return try reporting(path) {
            let queue = try DatabaseQueue(path: path.string, configuration: configuration)
            try queue.writeWithoutTransaction { database in
                if try checkedFormat(of: database, path) == 0 {
                    try database.inTransaction {
                        try createTables(database)
                        return .commit
                    }
                }
                try addTables(database)
            }
            return StoreIndex(path: path, queue: queue)
        }
    }

    /// Opens without a trace; nil where there is no index.
    static func openForReading(_ path: FilePath) throws -> StoreIndex? {
        guard let status = try FileStatus.ofExisting(path), status.size > 0 else { return nil }
        return try reporting(path) {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(30)
            let queue = try DatabaseQueue(path: try readingURI(path), configuration: configuration)
            let format = try queue.read { database in try checkedFormat(of: database, path) }
            // Format 0: another process is just creating the tables.
            return format == 0 ? nil : StoreIndex(path: path, queue: queue)
        }
    }

    /// The name by which SQLite opens the file and creates, truncates and writes nothing.
    ///
    /// With `mode=ro` alone, root would rewrite the `-shm` file and create missing ones; `readonly_shm` makes SQLite
    /// build what it needs in memory. Without a log there is nothing else to read, and `immutable` keeps SQLite from
    /// creating one; it would also pass over a log that is there, so that one that lacks its `-shm` file is an error.
    private static func readingURI(_ path: FilePath) throws -> String {
        let log = try FileStatus.ofExisting(FilePath(path.string + "-wal"))
        let hasLog = log != nil && Files.exists(FilePath(path.string + "-shm"))
        if !hasLog, let log, log.size > 0 { throw StoreError.indexNeedsWriter(path: path.string) }
        return "file:" + escaped(path.string) + (hasLog ? "?mode=ro&readonly_shm=1" : "?immutable=1")
    }

    /// The path with what means something in a URI percent-encoded.
    private static func escaped(_ path: String) -> String {
        let special = Array("%?#".utf8)
        return path.utf8.reduce(into: "") { text, byte in
            if special.contains(byte) || byte < 0x20 || byte > 0x7E {
                text += "%" + hexadecimal([byte])
            } else {
                text.unicodeScalars.append(UnicodeScalar(byte))
            }
        }
    }

    private static func keepLog(_ database: Database) throws {
        var enabled: Int32 = 1
        let code = sqlite3_file_control(database.sqliteConnection, nil, SQLITE_FCNTL_PERSIST_WAL, &enabled)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    private static func checkedFormat(of database: Database, _ path: FilePath) throws -> Int {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= format else {
            throw StoreError.newerFormat(
                path: path.removingLastComponent().removingLastComponent().string,
                found: found,
                supported: format
            )
        }
        return found
    }
}

extension StoreIndex {
    /// The index whose state this task sees in all of its queries.
    @TaskLocal private static var kept: ObjectIdentifier?

    /// Runs queries on one consistent state.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.reporting(path) {
            if Self.kept == ObjectIdentifier(queue) { return try queue.unsafeReentrantRead(body) }
            return try queue.read(body)
        }
    }

    /// Runs `body`, all of whose reads see one state, and cost no transaction of their own.
    ///
    /// It may not write, and what other threads ask of the index waits for its end.
    func keepingState<Value>(_ body: () throws -> Value) throws -> Value {
        try Self.reporting(path) {
            try queue.read { _ in try Self.$kept.withValue(ObjectIdentifier(queue)) { try body() } }
        }
    }

    /// Runs a transaction that holds the write lock from its start, so that what it reads stays true until it ends.
    func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.reporting(path) { try queue.write(body) }
    }

    /// Turns errors of the database into ours.
    private static func reporting<Value>(_ path: FilePath, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StoreError(error, path: path.string)
        }
    }
}
