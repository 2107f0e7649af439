import GRDB
package import SystemIO

extension ArtifactStore {
    /// Keeps the listing of a step's input, so that a later plan can say which file changed.
    ///
    /// `digest` is what the step's definition has for the input; equal digests stand for equal listings.
    package func putInputListing(_ body: String, digest: Digest) throws {
        try putInputListings([digest: body])
    }

    package func putInputListings(_ listings: [Digest: String]) throws {
        if listings.isEmpty { return }
        try change("keep the listing of an input") { database in
            for (digest, body) in listings {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO input_listing (digest, body) VALUES (?, ?)",
                    arguments: [digest.hex, body]
                )
            }
        }
    }

    /// The listing of an input, or nil where none was kept.
    package func inputListing(_ digest: Digest) throws -> String? {
        try query(none: nil) { database in
            try String.fetchOne(
                database,
                sql: "SELECT body FROM input_listing WHERE digest = ?",
                arguments: [digest.hex]
            )
        }
    }
}
