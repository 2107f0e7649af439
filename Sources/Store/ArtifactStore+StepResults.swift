import GRDB
package import OCI
package import SystemIO

/// What a step left: the layers that its content key gives.
package struct StoredResult: Hashable, Sendable {
    /// Digest of the step's definition, its inputs and the content of its parent.
    package let contentKey: Digest
    /// Digest of the step's definition and inputs, whatever the parent.
    package let definitionKey: Digest
    /// The layers that the step adds, lowest first; uncompressed, so diffID and blob digest are one.
    package let layers: [Digest]
    /// The config that a base brings along.
    package let baseConfig: JSONValue?
    /// Bytes of the layers together.
    package let byteSize: Int64
    /// Seconds since 1970.
    package let createdAt: Int64

    package init(
        contentKey: Digest,
        definitionKey: Digest,
        layers: [Digest],
        baseConfig: JSONValue? = nil,
        byteSize: Int64,
        createdAt: Int64
    ) {
        self.contentKey = contentKey
        self.definitionKey = definitionKey
        self.layers = layers
        self.baseConfig = baseConfig
        self.byteSize = byteSize
        self.createdAt = createdAt
    }
}

extension ArtifactStore {
    /// Remembers the result of a step, in the place of an older one; throws `StoreError.blobMissing` unless its layers
    /// are in.
    @discardableResult
    package func recordStepResult(
        contentKey: Digest,
        definitionKey: Digest,
        layers: [Digest],
        baseConfig: JSONValue? = nil,
        at createdAt: Int64
    ) throws -> StoredResult {
        let stored = try layers.map { digest in
            guard let size = blobSize(digest) else { throw StoreError.blobMissing(digest) }
            return StoredBlob(digest: digest, size: size)
        }
        let result = StoredResult(
            contentKey: contentKey,
            definitionKey: definitionKey,
            layers: layers,
            baseConfig: baseConfig,
            byteSize: stored.reduce(0) { $0 + $1.size },
            createdAt: createdAt
        )
        try change("record the result of a step") { database in
            try database.execute(
                sql: "DELETE FROM step_result WHERE content_key = ?",
                arguments: [contentKey.hex]
            )
            try database.execute(
                sql: """
                    INSERT INTO step_result (content_key, definition_key, base_config, byte_size, created_at)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    contentKey.hex, definitionKey.hex, baseConfig?.canonicalText, result.byteSize, createdAt,
                ]
            )
            for (position, layer) in stored.enumerated() {
                try database.execute(
                    sql: "INSERT INTO step_layer (content_key, position, digest, size) VALUES (?, ?, ?, ?)",
                    arguments: [contentKey.hex, position, layer.digest.hex, layer.size]
                )
            }
        }
        return result
    }

    /// The result for a content key, or nil; one whose layers are not all there with their sizes is none.
    package func stepResult(contentKey: Digest) throws -> StoredResult? {
        try stepResults(sql: "SELECT * FROM step_result WHERE content_key = ?", contentKey).first
    }

    /// The usable results for a definition key, newest first, whatever the parent was.
    package func stepResults(definitionKey: Digest) throws -> [StoredResult] {
        try stepResults(
            sql: "SELECT * FROM step_result WHERE definition_key = ? ORDER BY created_at DESC, content_key",
            definitionKey
        )
    }

    private func stepResults(sql: String, _ key: Digest) throws -> [StoredResult] {
        let found: [(Row, [StoredBlob])] = try query(none: []) { database in
            let statement = try database.cachedStatement(sql: sql)
            return try Row.fetchAll(statement, arguments: [key.hex]).map { row in
                (row, try Self.storedLayers(of: try row.digest("content_key"), database))
            }
        }
        return try found.compactMap { row, layers in
            guard layers.allSatisfy({ hasBlob($0.digest, size: $0.size) }) else { return nil }
            return StoredResult(
                contentKey: try row.digest("content_key"),
                definitionKey: try row.digest("definition_key"),
                layers: layers.map(\.digest),
                baseConfig: try (row["base_config"] as String?).map { try JSONValue.parse(Array($0.utf8)) },
                byteSize: row["byte_size"],
                createdAt: row["created_at"]
            )
        }
    }

    private static func storedLayers(of contentKey: Digest, _ database: Database) throws -> [StoredBlob] {
        let statement = try database.cachedStatement(
            sql: "SELECT digest, size FROM step_layer WHERE content_key = ? ORDER BY position"
        )
        return try Row.fetchAll(statement, arguments: [contentKey.hex]).map {
            StoredBlob(digest: try $0.digest("digest"), size: $0["size"])
        }
    }
}
