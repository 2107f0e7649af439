import GRDB
package import SystemIO

/// One run of a plan.
package struct BakeRecord: Hashable, Sendable {
    package enum Status: String, Sendable {
        /// Runs, or was killed.
        case running
        case done
        case failed
        case interrupted
    }

    package let id: String
    package let project: String
    /// Seconds since 1970.
    package let startedAt: Int64
    package let finishedAt: Int64?
    package let status: Status
    /// The release that it left.
    package let release: Digest?

    fileprivate init(_ row: Row) throws {
        id = row["id"]
        project = row["project"]
        startedAt = row["started_at"]
        finishedAt = row["finished_at"]
        status = Status(rawValue: row["status"]) ?? .failed
        release = try row.optionalDigest("release")
    }
}

extension ArtifactStore {
    /// Notes that a bake starts; its id must be new.
    package func beginBake(id: String, project: String, at time: Int64) throws {
        try change("start a bake") { database in
            try database.execute(
                sql: "INSERT INTO bake (id, project, started_at, status) VALUES (?, ?, ?, ?)",
                arguments: [id, project, time, BakeRecord.Status.running.rawValue]
            )
        }
    }

    /// Notes how a bake ended.
    package func finishBake(id: String, status: BakeRecord.Status, release: Digest? = nil, at time: Int64) throws {
        try change("end a bake") { database in
            try database.execute(
                sql: "UPDATE bake SET finished_at = ?, status = ?, release = ? WHERE id = ?",
                arguments: [time, status.rawValue, release?.hex, id]
            )
        }
    }

    /// The bakes of a project, newest first.
    package func bakes(project: String, limit: Int = 100) throws -> [BakeRecord] {
        try query(none: []) { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM bake WHERE project = ? ORDER BY number DESC LIMIT ?",
                arguments: [project, limit]
            ).map { try BakeRecord($0) }
        }
    }

    /// One bake, or nil.
    package func bake(id: String) throws -> BakeRecord? {
        try query(none: nil) { database in
            try Row.fetchOne(database, sql: "SELECT * FROM bake WHERE id = ?", arguments: [id]).map {
                try BakeRecord($0)
            }
        }
    }
}
