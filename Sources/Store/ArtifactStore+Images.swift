import GRDB
package import OCI
package import SystemIO

/// An image that a bake made.
package struct BakedImage: Hashable, Sendable {
    package var project: String
    package var image: String
    package var identity: ImageIdentity
    /// The digest of its manifest.
    package var manifest: Digest
    /// Seconds since 1970.
    package var bakedAt: Int64
    /// The first release that holds it.
    package var release: Digest?

    package init(
        project: String,
        image: String,
        identity: ImageIdentity,
        manifest: Digest,
        bakedAt: Int64,
        release: Digest? = nil
    ) {
        self.project = project
        self.image = image
        self.identity = identity
        self.manifest = manifest
        self.bakedAt = bakedAt
        self.release = release
    }

    fileprivate init(_ row: Row) throws {
        project = row["project"]
        image = row["image"]
        identity = try row.digest("identity")
        manifest = try row.digest("manifest")
        bakedAt = row["baked_at"]
        release = try row.optionalDigest("release")
    }
}

extension ArtifactStore {
    /// Adds images to the histories of their names.
    ///
    /// One that is what its name stood for already adds nothing; it only gives the release to a line that has none.
    package func recordImages(_ images: [BakedImage]) throws {
        if images.isEmpty { return }
        try change("record an image") { database in
            for image in images { try Self.record(image, database) }
        }
    }

    private static func record(_ image: BakedImage, _ database: Database) throws {
        let newest = try Row.fetchOne(
            database,
            sql: "SELECT * FROM baked_image WHERE project = ? AND image = ? ORDER BY number DESC LIMIT 1",
            arguments: [image.project, image.image]
        )
        if let newest, try newest.digest("identity") == image.identity, try newest.digest("manifest") == image.manifest
        {
            try database.execute(
                sql: "UPDATE baked_image SET release = coalesce(release, ?) WHERE number = ?",
                arguments: [image.release?.hex, newest["number"] as Int64]
            )
        } else {
            try database.execute(
                sql: """
                    INSERT INTO baked_image (project, image, identity, manifest, baked_at, release)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    image.project, image.image, image.identity.hex, image.manifest.hex, image.bakedAt,
                    image.release?.hex,
                ]
            )
        }
    }

    /// What a name stood for, newest first.
    package func imageHistory(project: String, image: String) throws -> [BakedImage] {
        try images(
            where: "project = ? AND image = ? ORDER BY number DESC",
            [project, image]
        )
    }

    /// What each name stands for now, by project and name; all projects where none is given.
    package func images(project: String? = nil) throws -> [BakedImage] {
        try images(
            where: """
                number IN (SELECT max(number) FROM baked_image GROUP BY project, image)
                AND (? IS NULL OR project = ?) ORDER BY project, image
                """,
            [project, project]
        )
    }

    /// Everything that was ever baked with this identity, newest first.
    package func images(identity: ImageIdentity) throws -> [BakedImage] {
        try images(where: "identity = ? ORDER BY number DESC", [identity.hex])
    }

    private func images(where condition: String, _ arguments: StatementArguments) throws -> [BakedImage] {
        try query(none: []) { database in
            try Row.fetchAll(database, sql: "SELECT * FROM baked_image WHERE \(condition)", arguments: arguments).map {
                try BakedImage($0)
            }
        }
    }
}
