import GRDB
package import SystemIO

/// A release that the store holds; its document is a blob.
package struct ReleaseRecord: Hashable, Sendable {
    package let digest: Digest
    package let project: String
    /// The release that this one continues.
    package let parent: Digest?
    /// Seconds since 1970.
    package let createdAt: Int64
    /// The document.
    package let blob: Digest

    package init(digest: Digest, project: String, parent: Digest? = nil, createdAt: Int64, blob: Digest? = nil) {
        self.digest = digest
        self.project = project
        self.parent = parent
        self.createdAt = createdAt
        self.blob = blob ?? digest
    }

    fileprivate init(_ row: Row) throws {
        digest = try row.digest("digest")
        project = row["project"]
        parent = try row.optionalDigest("parent")
        createdAt = row["created_at"]
        blob = try row.digest("blob")
    }

    /// Those of all projects, oldest first.
    static func all(_ database: Database) throws -> [ReleaseRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM release ORDER BY number").map { try ReleaseRecord($0) }
    }
}

extension ArtifactStore {
    /// Remembers a release whose document is in the store already; a known one changes nothing.
    package func recordRelease(_ release: ReleaseRecord) throws {
        guard hasBlob(release.blob) else { throw StoreError.blobMissing(release.blob) }
        try change("record a release") { database in
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO release (digest, project, parent, created_at, blob) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    release.digest.hex, release.project, release.parent?.hex, release.createdAt, release.blob.hex,
                ]
            )
        }
    }

    /// The releases of a project, newest first.
    package func releases(project: String) throws -> [ReleaseRecord] {
        try query(none: []) { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM release WHERE project = ? ORDER BY number DESC",
                arguments: [project]
            ).map { try ReleaseRecord($0) }
        }
    }

    /// The release with this digest, or those whose digits start so; at most two, to tell one from many.
    package func releases(digestPrefix digits: String) throws -> [ReleaseRecord] {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "f") }) else {
            return []
        }
        return try query(none: []) { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM release WHERE substr(digest, 1, ?) = ? ORDER BY digest LIMIT 2",
                arguments: [digits.utf8.count, digits]
            ).map { try ReleaseRecord($0) }
        }
    }

    package func release(_ digest: Digest) throws -> ReleaseRecord? {
        try releases(digestPrefix: digest.hex).first
    }
}
