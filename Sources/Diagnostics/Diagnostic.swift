/// A place in a text that a person wrote: line and column count from 1, the column in characters.
package struct SourcePlace: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The file as the user named it, relative to the current folder where that is shorter.
    package let file: String
    package let line: Int
    package let column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    package var description: String { "\(file):\(line):\(column)" }

    package static func < (left: SourcePlace, right: SourcePlace) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

/// How bad a diagnostic is: an error stops the command with exit status 2, the others do not.
package enum Severity: String, Sendable {
    case error
    case warning
    case note
}

/// The stable name of a kind of mistake, as shown in brackets: `unknown-image`.
///
/// Identifiers are documented in the catalogue and never change their meaning. Each module declares its own as static
/// members in an extension.
package struct DiagnosticIdentifier: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let description: String

    package init(stringLiteral value: StaticString) { self.description = value.description }
}

/// One mistake of the user: what, where, why, and what to do.
///
/// The message is lower case, has the thing in single quotes, and no full stop.
package struct Diagnostic: Hashable, Sendable {
    package var severity: Severity
    package var place: SourcePlace?
    package var message: String
    package var identifier: DiagnosticIdentifier
    package var why: String?
    package var fix: String?

    package init(
        _ severity: Severity,
        at place: SourcePlace? = nil,
        _ message: String,
        _ identifier: DiagnosticIdentifier,
        why: String? = nil,
        fix: String? = nil
    ) {
        self.severity = severity
        self.place = place
        self.message = message
        self.identifier = identifier
        self.why = why
        self.fix = fix
    }

    /// An error.
    package init(
        at place: SourcePlace? = nil,
        _ message: String,
        _ identifier: DiagnosticIdentifier,
        why: String? = nil,
        fix: String? = nil
    ) {
        self.init(.error, at: place, message, identifier, why: why, fix: fix)
    }
}

extension Diagnostic: CustomStringConvertible {
    /// The text that users and golden tests see; continuation lines are indented by two spaces.
    package var description: String {
        var lines = [(place.map { "\($0): " } ?? "") + "\(severity.rawValue): \(message) [\(identifier)]"]
        if let why { lines.append("  why: \(why)") }
        if let fix { lines.append("  fix: \(fix)") }
        return lines.joined(separator: "\n")
    }
}
