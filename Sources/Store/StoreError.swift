import GRDB
package import OCI
package import SystemIO

/// What can be wrong with a store, apart from system calls that fail (`SystemError`).
package enum StoreError: Error, Hashable, CustomStringConvertible {
    /// Written by a newer program.
    case newerFormat(path: String, found: Int, supported: Int)
    /// The folder holds something else, or a damaged layout.
    case notAStore(path: String, reason: String)
    /// The program asked to change a store that it opened for reading.
    case openedForReading(action: String)
    case blobMissing(Digest)
    /// The bytes are not those that the name promises.
    case blobDamaged(Digest, reason: String)
    /// What was written is not what was announced.
    case unexpectedContent(expected: Digest, found: Digest)
    case unexpectedSize(expected: Int64, found: Int64)
    /// Not a name that `index.json` may hold.
    case badReferenceName(String)
    /// So many names that `index.json` could not be read again.
    case tooManyNames(path: String, count: Int)
    /// A version belongs to another image; exit status 7.
    case versionTaken(image: String, version: String, holder: ImageIdentity)
    /// The index has a log that only a writer can read.
    case indexNeedsWriter(path: String)
    case indexFull(path: String)
    case indexReadOnly(path: String)
    case indexBusy(path: String)
    case indexDamaged(path: String, detail: String)
    case index(path: String, detail: String)

    package var description: String {
        switch self {
        case .newerFormat(let path, let found, let supported):
            "the store '\(path)' has format \(found), and this program knows formats up to \(supported): "
                + "use a newer one"
        case .notAStore(let path, let reason): "'\(path)' is not a store: \(reason)"
        case .openedForReading(let action): "cannot \(action): the store was opened for reading only"
        case .blobMissing(let digest): "the store has no blob '\(digest)'"
        case .blobDamaged(let digest, let reason): "the blob '\(digest)' is damaged: \(reason)"
        case .unexpectedContent(let expected, let found): "expected content '\(expected)', found '\(found)'"
        case .unexpectedSize(let expected, let found): "expected \(expected) bytes, found \(found)"
        case .badReferenceName(let name):
            "'\(name)' cannot name an image: "
                + "it takes letters and digits, joined by '-', '.', '_', ':', '@', '+' or '--'"
        case .tooManyNames(let path, let count):
            "cannot name an image: '\(path)' would hold \(count) names, more than can be read again"
        case .versionTaken(let image, let version, let holder):
            "the version '\(version)' of '\(image)' belongs to another image, '\(holder)'"
        case .indexNeedsWriter(let path):
            "cannot read the index '\(path)': its last changes are in a log without its '-shm' file, which only a "
                + "writer can make anew; a bake does so"
        case .indexFull(let path): "cannot write to the index '\(path)': no room on the disk"
        case .indexReadOnly(let path): "cannot write to the index '\(path)': it may only be read"
        case .indexBusy(let path): "cannot use the index '\(path)': another process has kept it locked for too long"
        case .indexDamaged(let path, let detail): "the index '\(path)' is damaged: \(detail)"
        case .index(let path, let detail): "cannot use the index '\(path)': \(detail)"
        }
    }
}

extension StoreError {
    /// What an error of SQLite means to somebody who knows nothing of SQLite.
    init(_ error: DatabaseError, path: String) {
        switch error.resultCode.primaryResultCode {
        case .SQLITE_FULL: self = .indexFull(path: path)
        case .SQLITE_READONLY, .SQLITE_PERM: self = .indexReadOnly(path: path)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .indexBusy(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .indexDamaged(path: path, detail: error.message ?? "no detail is known")
        default: self = .index(path: path, detail: error.message ?? "SQLite result \(error.resultCode)")
        }
    }
}
