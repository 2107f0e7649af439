import GRDB
import SystemIO
import Testing

@testable import Store

@Suite struct StoreErrorTests {
    private static let texts: [(ResultCode, String)] = [
        (.SQLITE_FULL, "cannot write to the index '/s/index.sqlite': no room on the disk"),
        (.SQLITE_READONLY, "cannot write to the index '/s/index.sqlite': it may only be read"),
        (.SQLITE_READONLY_DBMOVED, "cannot write to the index '/s/index.sqlite': it may only be read"),
        (
            .SQLITE_BUSY,
            "cannot use the index '/s/index.sqlite': another process has kept it locked for too long"
        ),
        (
            .SQLITE_BUSY_SNAPSHOT,
            "cannot use the index '/s/index.sqlite': another process has kept it locked for too long"
        ),
        (.SQLITE_CORRUPT, "the index '/s/index.sqlite' is damaged: a detail"),
        (.SQLITE_NOTADB, "the index '/s/index.sqlite' is damaged: a detail"),
        (.SQLITE_IOERR, "cannot use the index '/s/index.sqlite': a detail"),
    ]

    @Test func `says in plain words what SQLite means`() {
        for (code, text) in Self.texts {
            let error = StoreError(DatabaseError(resultCode: code, message: "a detail"), path: "/s/index.sqlite")
            #expect(error.description == text)
        }
    }
}
