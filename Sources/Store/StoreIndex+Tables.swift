import GRDB
import SystemIO

extension StoreIndex {
    /// Creates the tables of format 1.
    ///
    /// Digests are stored as their hexadecimal digits, times as seconds since 1970, paths as the bytes that they are.
    static func createTables(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE step_result (
                    content_key TEXT PRIMARY KEY, definition_key TEXT NOT NULL, base_config TEXT,
                    byte_size INTEGER NOT NULL, created_at INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX step_result_by_definition ON step_result (definition_key);
                CREATE TABLE step_layer (
                    content_key TEXT NOT NULL REFERENCES step_result ON DELETE CASCADE, position INTEGER NOT NULL,
                    digest TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (content_key, position)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE file_digest (
                    path BLOB PRIMARY KEY, device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
                    modified INTEGER NOT NULL, changed INTEGER NOT NULL, digest TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE input_part (
                    digest TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (digest, part)
                ) STRICT;
                CREATE TABLE baked_step (
                    project TEXT NOT NULL, image TEXT NOT NULL, step TEXT NOT NULL, position INTEGER NOT NULL,
                    definition_key TEXT NOT NULL, content_key TEXT, definition TEXT NOT NULL, inputs TEXT NOT NULL,
                    state TEXT NOT NULL, reason TEXT NOT NULL, milliseconds INTEGER NOT NULL, bake TEXT NOT NULL,
                    finished_at INTEGER NOT NULL, PRIMARY KEY (project, image, step)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE bake (
                    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL,
                    started_at INTEGER NOT NULL, finished_at INTEGER, status TEXT NOT NULL, release TEXT
                ) STRICT;
                CREATE INDEX bake_by_project ON bake (project);
                CREATE TABLE baked_image (
                    number INTEGER PRIMARY KEY, project TEXT NOT NULL, image TEXT NOT NULL, identity TEXT NOT NULL,
                    manifest TEXT NOT NULL, baked_at INTEGER NOT NULL, release TEXT
                ) STRICT;
                CREATE INDEX baked_image_by_name ON baked_image (project, image);
                CREATE INDEX baked_image_by_identity ON baked_image (identity);
                CREATE TABLE version (
                    project TEXT NOT NULL, image TEXT NOT NULL, version TEXT NOT NULL, identity TEXT NOT NULL,
                    sequence INTEGER NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (project, image, version)
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX version_by_identity ON version (project, image, identity);
                CREATE TABLE release (
                    number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, project TEXT NOT NULL, parent TEXT,
                    created_at INTEGER NOT NULL, blob TEXT NOT NULL
                ) STRICT;
                CREATE INDEX release_by_project ON release (project);
                PRAGMA user_version = \(format);
                """
        )
    }

    /// Adds what came after format 1 was settled.
    ///
    /// Only tables that older programs can pass over, so that the format stays the same.
    static func addTables(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS bill_of_materials (
                    identity TEXT NOT NULL, form INTEGER NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
                    PRIMARY KEY (identity, form)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS compressed_layer (
                    diff_id TEXT NOT NULL, form TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,
                    PRIMARY KEY (diff_id, form)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS passed_test (
                    identity TEXT NOT NULL, test TEXT NOT NULL, PRIMARY KEY (identity, test)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS seen_input (path BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT;
                """
        )
    }
}

extension Row {
    /// A digest that we wrote; another text is damage.
    func digest(_ column: String) throws -> Digest {
        guard let digest = Digest(hex: self[column]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the column '\(column)' holds no digest")
        }
        return digest
    }

    func optionalDigest(_ column: String) throws -> Digest? {
        if (self[column] as String?) == nil { nil } else { try digest(column) }
    }
}
