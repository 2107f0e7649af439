import GRDB
package import SystemIO

/// Which document lists what is in an image; the documents themselves are blobs.
extension ArtifactStore {
    /// The document that was made of an image in a form; nil where there is none, or its blob is gone.
    package func billOfMaterials(of identity: Digest, form: Int) throws -> StoredBlob? {
        let known = try query(none: nil) { database in
            try Row.fetchOne(
                database,
                sql: "SELECT digest, size FROM bill_of_materials WHERE identity = ? AND form = ?",
                arguments: [identity.hex, form]
            ).map { StoredBlob(digest: try $0.digest("digest"), size: $0["size"]) }
        }
        return known.flatMap { hasBlob($0.digest, size: $0.size) ? $0 : nil }
    }

    /// Remembers a document that is in the store already.
    package func recordBillOfMaterials(_ blob: StoredBlob, of identity: Digest, form: Int) throws {
        guard hasBlob(blob.digest, size: blob.size) else { throw StoreError.blobMissing(blob.digest) }
        try change("record what is in an image") { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO bill_of_materials (identity, form, digest, size) VALUES (?, ?, ?, ?)",
                arguments: [identity.hex, form, blob.digest.hex, blob.size]
            )
        }
    }
}
