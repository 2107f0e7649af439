package import Diagnostics

/// A key that cannot be used, for a person: which, and what to do.
///
/// Nothing of the key is in it.
package struct KeyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let why: String?
    package let fix: String?

    package init(_ message: String, why: String? = nil, fix: String? = nil) {
        self.message = message
        self.why = why
        self.fix = fix
    }

    package var description: String {
        message + (why.map { "\n  why: \($0)" } ?? "") + (fix.map { "\n  fix: \($0)" } ?? "")
    }

    /// Of a file that is not read to its end.
    package static func tooLarge(_ name: String, limit: Int) -> KeyError {
        KeyError("'\(name)' has more than \(limit) bytes, and is no key")
    }

    /// What to write for a key in a command of openssl, which knows nothing of `env:NAME`.
    static func file(_ name: String) -> String { name.hasPrefix("env:") ? "FILE" : name }

    package func diagnostic(at place: SourcePlace? = nil) -> Diagnostic {
        Diagnostic(at: place, message, .badKey, why: why, fix: fix)
    }
}

extension DiagnosticIdentifier {
    /// A key for signatures cannot be used.
    package static let badKey: Self = "bad-key"
}
