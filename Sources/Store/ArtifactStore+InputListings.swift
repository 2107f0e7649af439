import GRDB
package import SystemIO

extension ArtifactStore {
    /// Keeps the listing of a step's input, so that a later plan can say which file changed.
    ///
    /// `digest` is what the step's definition has for the input; equal digests stand for equal listings. The lines are
    /// kept in parts of about a mebibyte, since there may be a million of them.
    package func putInputListing(_ lines: some Sequence<String>, digest: Digest) throws {
        try change("keep the listing of an input") { database in
            let isKnown = try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM input_part WHERE digest = ?)",
                arguments: [digest.hex]
            )
            if isKnown == true { return }
            let statement = try database.makeStatement(
                sql: "INSERT INTO input_part (digest, part, body) VALUES (?, ?, ?)"
            )
            var part = 0
            var text = ""
            func flush() throws {
                try statement.execute(arguments: [digest.hex, part, text])
                part += 1
                text = ""
            }
            for line in lines {
                text += line
                if text.utf8.count >= 1 << 20 { try flush() }
            }
            // An empty listing is one too.
            if part == 0 || !text.isEmpty { try flush() }
        }
    }

    /// Hands over the listing of an input in parts of whole lines, until `body` answers false.
    ///
    /// False where none was kept.
    package func forEachPart(ofInputListing digest: Digest, _ body: (String) -> Bool) throws -> Bool {
        try query(none: false) { database in
            let parts = try String.fetchCursor(
                database,
                sql: "SELECT body FROM input_part WHERE digest = ? ORDER BY part",
                arguments: [digest.hex]
            )
            var isKnown = false
            while let part = try parts.next() {
                isKnown = true
                if !body(part) { break }
            }
            return isKnown
        }
    }
}
