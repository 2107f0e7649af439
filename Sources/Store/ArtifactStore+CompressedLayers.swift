import GRDB
package import SystemIO

/// Which blob is a layer in a compressed form, so that none is compressed twice; the forms are blobs too.
extension ArtifactStore {
    /// A layer in a form that was made before; nil where there is none, or its blob is gone.
    ///
    /// `form` names the codec, its level and the version of the compressor: all that decides the bytes.
    package func compressedLayer(_ diffID: Digest, form: String) throws -> StoredBlob? {
        let known: StoredBlob? = try query(none: nil) { database in
            guard try database.tableExists("compressed_layer") else { return nil }
            return try Row.fetchOne(
                database,
                sql: "SELECT digest, size FROM compressed_layer WHERE diff_id = ? AND form = ?",
                arguments: [diffID.hex, form]
            ).map { StoredBlob(digest: try $0.digest("digest"), size: $0["size"]) }
        }
        return known.flatMap { hasBlob($0.digest, size: $0.size) ? $0 : nil }
    }

    /// Remembers a form that is in the store already.
    package func recordCompressedLayer(_ blob: StoredBlob, of diffID: Digest, form: String) throws {
        guard hasBlob(blob.digest, size: blob.size) else { throw StoreError.blobMissing(blob.digest) }
        try change("record a compressed layer") { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO compressed_layer (diff_id, form, digest, size) VALUES (?, ?, ?, ?)",
                arguments: [diffID.hex, form, blob.digest.hex, blob.size]
            )
        }
    }

    /// Finds the forms of layers that go; those of layers that stay, stay.
    func findCompressedLayers(_ database: Database, _ marks: inout BlobMarks, _ garbage: inout Garbage) throws {
        guard try database.tableExists("compressed_layer") else { return }
        for row in try Row.fetchAll(database, sql: "SELECT diff_id, digest FROM compressed_layer ORDER BY diff_id") {
            let diffID = try row.digest("diff_id")
            if marks.blobs.contains(diffID) {
                marks.keep(try row.digest("digest"))
            } else {
                garbage.rows.compressedLayers.append(diffID)
            }
        }
    }
}
