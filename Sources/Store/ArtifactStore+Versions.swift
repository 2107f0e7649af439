import GRDB
package import OCI
import SystemIO

/// A line of the ledger: this name of this image stands for this content, for ever.
package struct VersionEntry: Hashable, Sendable {
    package var project: String
    package var image: String
    package var version: String
    package var identity: ImageIdentity
    /// Counts from 1 in each image.
    package var sequence: Int64
    /// Seconds since 1970.
    package var createdAt: Int64

    package init(
        project: String,
        image: String,
        version: String,
        identity: ImageIdentity,
        sequence: Int64,
        createdAt: Int64
    ) {
        self.project = project
        self.image = image
        self.version = version
        self.identity = identity
        self.sequence = sequence
        self.createdAt = createdAt
    }

    fileprivate init(_ row: Row) throws {
        project = row["project"]
        image = row["image"]
        version = row["version"]
        identity = try row.digest("identity")
        sequence = row["sequence"]
        createdAt = row["created_at"]
    }
}

extension ArtifactStore {
    /// The ledger of an image, or of a whole project, in the order of image and sequence.
    package func versions(project: String, image: String? = nil) throws -> [VersionEntry] {
        try query(none: []) { database in
            try Self.versions(database, "(? IS NULL OR image = ?) AND project = ?", [image, image, project])
        }
    }

    /// What a version stands for, or nil.
    package func version(project: String, image: String, version: String) throws -> VersionEntry? {
        try query(none: nil) { database in
            try Self.versions(
                database,
                "project = ? AND image = ? AND version = ?",
                [project, image, version]
            ).first
        }
    }

    /// The versions that stand for an identity, oldest first.
    package func versions(project: String, image: String, identity: ImageIdentity) throws -> [VersionEntry] {
        try query(none: []) { database in
            try Self.versions(
                database,
                "project = ? AND image = ? AND identity = ?",
                [project, image, identity.hex]
            )
        }
    }

    /// Gives an image its version, atomically among all processes that use the store.
    ///
    /// A known identity keeps its oldest version. For a new one `choose` names it, from the image's ledger so far; it
    /// runs inside the transaction, so it must be quick and must not use the store. Throws `StoreError.versionTaken`
    /// where the chosen version belongs to another identity.
    package func assignVersion(
        project: String,
        image: String,
        identity: ImageIdentity,
        at time: Int64,
        choose: ([VersionEntry]) throws -> String
    ) throws -> VersionEntry {
        try change("give an image its version") { database in
            let ledger = try Self.versions(database, "project = ? AND image = ?", [project, image])
            if let known = ledger.first(where: { $0.identity == identity }) { return known }
            let entry = VersionEntry(
                project: project,
                image: image,
                version: try choose(ledger),
                identity: identity,
                sequence: (ledger.last?.sequence ?? 0) + 1,
                createdAt: time
            )
            try Self.insert(entry, database)
            return entry
        }
    }

    /// Takes over entries of another ledger, all of them or none; those that are known already change nothing.
    ///
    /// Throws `StoreError.versionTaken` where a version stands for another identity here.
    package func mergeVersions(_ entries: [VersionEntry]) throws {
        if entries.isEmpty { return }
        try change("take over versions") { database in
            for entry in entries { try Self.insert(entry, database) }
        }
    }

    private static func insert(_ entry: VersionEntry, _ database: Database) throws {
        let holders = try versions(
            database,
            "project = ? AND image = ? AND version = ?",
            [entry.project, entry.image, entry.version]
        )
        if let holder = holders.first {
            guard holder.identity == entry.identity else {
                throw StoreError.versionTaken(image: entry.image, version: entry.version, holder: holder.identity)
            }
            return
        }
        try database.execute(
            sql: """
                INSERT INTO version (project, image, version, identity, sequence, created_at) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                entry.project, entry.image, entry.version, entry.identity.hex, entry.sequence, entry.createdAt,
            ]
        )
    }

    private static func versions(
        _ database: Database,
        _ condition: String,
        _ arguments: StatementArguments
    ) throws -> [VersionEntry] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM version WHERE \(condition) ORDER BY image, sequence, version",
            arguments: arguments
        ).map { try VersionEntry($0) }
    }
}
