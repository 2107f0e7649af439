import GRDB
import OCI
import SystemIO

/// What a collection starts from: rows of the index that name blobs, split into those that stay and those that go.
///
/// Releases and the ledger always stay, for they are small and what has a version has it for ever; what a rule gives up
/// is the content of old ones.
struct StoreRoots {
    struct ImageRow {
        let number: Int64
        let project: String
        let image: String
        let identity: Digest
        let manifest: Digest
    }

    /// Documents of all releases.
    var releaseDocuments: [Digest] = []
    /// Those whose content stays.
    var keptReleases: [Digest] = []
    var images: [ImageRow] = []
    /// The newest line of each name.
    var newestImages: Set<Int64> = []
    /// Name of an image version in `index.json` -> its identity.
    var versionNames: [String: Digest] = [:]
    /// Content keys that the last bake of each image came to.
    var lastKeys: Set<Digest> = []
    /// Inputs of the same.
    var lastInputs: Set<Digest> = []
    /// Bakes whose logs the store still points to.
    var lastBakes: Set<String> = []
    /// Steps that an image had before its last good bake.
    var formerSteps: [(project: String, image: String, step: String)] = []
    /// Step results of a bake that did not come to its end are newer than this.
    var unfinishedSince: Int64 = .max

    static func read(_ database: Database, _ rule: KeepRule, now: Int64) throws -> StoreRoots {
        var roots = StoreRoots()
        try roots.readReleases(database, rule, now)
        try roots.readImages(database)
        try roots.readSteps(database)
        return roots
    }

    private mutating func readReleases(_ database: Database, _ rule: KeepRule, _ now: Int64) throws {
        var ranks: [String: Int] = [:]
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT project, created_at, blob FROM release ORDER BY number DESC"
        )
        for row in rows {
            let project: String = row["project"]
            let document = try row.digest("blob")
            releaseDocuments.append(document)
            let rank = ranks[project, default: 0]
            ranks[project] = rank + 1
            if rule.keeps(rank: rank, createdAt: row["created_at"], now: now) { keptReleases.append(document) }
        }
    }

    private mutating func readImages(_ database: Database) throws {
        images = try Self.images(database)
        newestImages = Set(
            try Int64.fetchAll(database, sql: "SELECT max(number) FROM baked_image GROUP BY project, image")
        )
        for row in try Row.fetchAll(database, sql: "SELECT project, image, version, identity FROM version") {
            let name = "\(row["project"] as String).\(row["image"] as String).\(row["version"] as String)"
            versionNames[name] = try row.digest("identity")
        }
    }

    /// All lines of images, oldest first.
    static func images(_ database: Database) throws -> [ImageRow] {
        try Row.fetchAll(
            database,
            sql: "SELECT number, project, image, identity, manifest FROM baked_image ORDER BY number"
        ).map { row in
            ImageRow(
                number: row["number"],
                project: row["project"],
                image: row["image"],
                identity: try row.digest("identity"),
                manifest: try row.digest("manifest")
            )
        }
    }

    private mutating func readSteps(_ database: Database) throws {
        let good = try Row.fetchAll(
            database,
            sql: """
                SELECT s.project, s.image, max(b.number) AS number FROM baked_step s JOIN bake b ON b.id = s.bake
                WHERE b.status = ? GROUP BY s.project, s.image
                """,
            arguments: [BakeRecord.Status.done.rawValue]
        )
        var lastGood: [String: Int64] = [:]
        for row in good { lastGood["\(row["project"] as String)\u{0}\(row["image"] as String)"] = row["number"] }
        let steps = try Row.fetchCursor(
            database,
            sql: """
                SELECT s.project, s.image, s.step, s.content_key, s.inputs, s.bake, coalesce(b.number, 0) AS number
                FROM baked_step s LEFT JOIN bake b ON b.id = s.bake ORDER BY s.project, s.image, s.step
                """
        )
        while let row = try steps.next() {
            let (project, image): (String, String) = (row["project"], row["image"])
            if let good = lastGood["\(project)\u{0}\(image)"], row["number"] < good {
                formerSteps.append((project, image, row["step"]))
                continue
            }
            if let key = try row.optionalDigest("content_key") { lastKeys.insert(key) }
            lastBakes.insert(row["bake"])
            let inputs = try JSONValue.parse(Array((row["inputs"] as String).utf8)).objectValue ?? [:]
            lastInputs.formUnion(inputs.values.compactMap { $0.stringValue.flatMap { Digest($0) } })
        }
        let newest = try Row.fetchAll(
            database,
            sql: """
                SELECT id, started_at, status FROM bake
                WHERE number IN (SELECT max(number) FROM bake GROUP BY project)
                """
        )
        for row in newest {
            lastBakes.insert(row["id"])
            if row["status"] as String != BakeRecord.Status.done.rawValue {
                unfinishedSince = min(unfinishedSince, row["started_at"])
            }
        }
    }
}
