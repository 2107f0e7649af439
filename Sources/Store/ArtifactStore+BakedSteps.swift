import GRDB
import OCI
package import SystemIO

/// What the last bake knew of one step: the ground for the reasons of the next plan, and for `why`.
package struct BakedStep: Hashable, Sendable {
    package var project: String
    package var image: String
    /// The step's address in the image: its name, or kind and ordinal.
    package var step: String
    /// The step's place in the image, from 0.
    package var position: Int
    package var definitionKey: Digest
    /// Nil where the step did not get so far.
    package var contentKey: Digest?
    /// The canonical text of the definition, which the definition key is the digest of.
    package var definition: String
    /// The digest of the listing of each input, by the input's name.
    package var inputs: [String: Digest]
    /// What became of the step: the caller's word, such as `cached`, `baked`, `failed`.
    package var state: String
    /// Why it ran or did not, for people.
    package var reason: String
    package var milliseconds: Int64
    package var bake: String
    /// Seconds since 1970.
    package var finishedAt: Int64

    package init(
        project: String,
        image: String,
        step: String,
        position: Int,
        definitionKey: Digest,
        contentKey: Digest?,
        definition: String,
        inputs: [String: Digest],
        state: String,
        reason: String,
        milliseconds: Int64,
        bake: String,
        finishedAt: Int64
    ) {
        self.project = project
        self.image = image
        self.step = step
        self.position = position
        self.definitionKey = definitionKey
        self.contentKey = contentKey
        self.definition = definition
        self.inputs = inputs
        self.state = state
        self.reason = reason
        self.milliseconds = milliseconds
        self.bake = bake
        self.finishedAt = finishedAt
    }

    fileprivate init(_ row: Row) throws {
        project = row["project"]
        image = row["image"]
        step = row["step"]
        position = row["position"]
        definitionKey = try row.digest("definition_key")
        contentKey = try row.optionalDigest("content_key")
        definition = row["definition"]
        let text: String = row["inputs"]
        inputs =
            try JSONValue.parse(Array(text.utf8)).objectValue?.compactMapValues { value in
                value.stringValue.flatMap { Digest($0) }
            } ?? [:]
        state = row["state"]
        reason = row["reason"]
        milliseconds = row["milliseconds"]
        bake = row["bake"]
        finishedAt = row["finished_at"]
    }
}

extension ArtifactStore {
    /// Remembers steps in one transaction, each in the place of what was known of the same project, image and step.
    package func recordBakedSteps(_ steps: [BakedStep]) throws {
        if steps.isEmpty { return }
        try change("record the steps of a bake") { database in
            for step in steps {
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO baked_step (project, image, step, position, definition_key, content_key,
                            definition, inputs, state, reason, milliseconds, bake, finished_at)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        step.project, step.image, step.step, step.position, step.definitionKey.hex,
                        step.contentKey?.hex, step.definition,
                        JSONValue.strings(step.inputs.mapValues(\.description)).canonicalText, step.state,
                        step.reason, step.milliseconds, step.bake, step.finishedAt,
                    ]
                )
            }
        }
    }

    /// What is known of one step, or nil if it was never baked.
    package func bakedStep(project: String, image: String, step: String) throws -> BakedStep? {
        try query(none: nil) { database in
            let statement = try database.cachedStatement(
                sql: "SELECT * FROM baked_step WHERE project = ? AND image = ? AND step = ?"
            )
            return try Row.fetchOne(statement, arguments: [project, image, step]).map { try BakedStep($0) }
        }
    }

    /// What is known of all steps of a project, in the order of image and position.
    ///
    /// Steps that an image no longer has stay, with the bake that last knew them.
    package func bakedSteps(project: String, image: String? = nil) throws -> [BakedStep] {
        try query(none: []) { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM baked_step WHERE project = ? AND (? IS NULL OR image = ?)
                    ORDER BY image, position, step
                    """,
                arguments: [project, image, image]
            ).map { try BakedStep($0) }
        }
    }
}
