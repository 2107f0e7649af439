import GRDB
package import SystemIO

/// Which tests an image has passed, so that none runs twice.
extension ArtifactStore {
    /// Of these tests, by what they are, those that the image has passed.
    package func passedTests(of identity: Digest) throws -> Set<Digest> {
        try query(none: []) { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT test FROM passed_test WHERE identity = ?",
                arguments: [identity.hex]
            )
            return Set(try rows.map { try $0.digest("test") })
        }
    }

    package func recordPassedTests(_ tests: [Digest], of identity: Digest) throws {
        if tests.isEmpty { return }
        try change("record the tests that an image passed") { database in
            for test in tests {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO passed_test (identity, test) VALUES (?, ?)",
                    arguments: [identity.hex, test.hex]
                )
            }
        }
    }
}
