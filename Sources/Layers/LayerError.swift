package import SystemIO

/// A tar or a layer that cannot be read or written: which one, at which entry, and why.
package struct LayerError: Error, Hashable, CustomStringConvertible {
    /// What kind of trouble it is, for callers that decide by it; the message is for people.
    package enum Problem: Hashable, Sendable {
        /// A system call failed.
        case system(SystemError)
        /// The bytes are not the format, or end too early, or go on after its end.
        case malformed
        /// Well formed, but made to reach out of the root or to confuse.
        case hostile
        /// More than `ArchiveLimits` allows.
        case limit
        /// A true thing that a layer cannot hold, or that this program does not read.
        case unsupported
        /// A file changed while it was read.
        case changed
    }

    package let problem: Problem
    /// The archive or the folder, as messages name it.
    package let archive: String
    /// The entry, printable; nil where the trouble is with the whole.
    package let entry: String?
    package let message: String

    package init(_ problem: Problem, _ archive: String, entry: EntryPath? = nil, _ message: String) {
        self.init(problem, archive, entryText: entry?.description, message)
    }

    /// For an entry whose name is no valid path.
    init(_ problem: Problem, _ archive: String, entryText: String?, _ message: String) {
        self.problem = problem
        self.archive = archive
        self.entry = entryText
        self.message = message
    }

    package init(_ error: SystemError, _ archive: String, entry: EntryPath? = nil) {
        self.init(.system(error), archive, entry: entry, error.description)
    }

    package var description: String {
        if let entry { "\(archive): entry '\(entry)': \(message)" } else { "\(archive): \(message)" }
    }
}

/// Runs `body` and names the archive and the entry at which the system refused.
func wrappingSystemError<Value>(
    _ archive: String,
    _ entry: EntryPath? = nil,
    _ body: () throws(SystemError) -> Value
) throws(LayerError) -> Value {
    do { return try body() } catch { throw LayerError(error, archive, entry: entry) }
}
