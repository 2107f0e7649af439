/// Why a step could not be run, or its layer not be made; a step that runs and fails is a `SandboxResult`.
package struct SandboxError: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Codable, Sendable {
        /// The host lacks something that sandboxes need: `SandboxCapabilities` names it beforehand.
        case host
        /// The step asks for what its root does not have: a user, a working folder, a mount target.
        case step
        /// The system refused something that should have worked.
        case system
        /// mmdebstrap failed; its output is in the log.
        case debian
    }

    package var kind: Kind
    package var message: String
    package var why: String?
    package var fix: String?

    package init(_ kind: Kind, _ message: String, why: String? = nil, fix: String? = nil) {
        self.kind = kind
        self.message = message
        self.why = why
        self.fix = fix
    }

    package var description: String {
        message + (why.map { "\n  why: \($0)" } ?? "") + (fix.map { "\n  fix: \($0)" } ?? "")
    }

    /// Any error as one of ours, with what was being done.
    static func wrapping(_ error: any Error, while action: String) -> SandboxError {
        if let error = error as? SandboxError { return error }
        return SandboxError(.system, "while \(action): \(error)")
    }
}
