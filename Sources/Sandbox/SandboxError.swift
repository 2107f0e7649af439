import Layers
import SystemIO
import SystemPackage

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

    /// Obstacles of the file system, which no step is to blame for.
    package enum Cause: String, Codable, Sendable {
        case noSpace
        case readOnly

        package init?(_ error: any Error) {
            switch error {
            case let error as SandboxError:
                guard let cause = error.cause else { return nil }
                self = cause
            case let error as LayerError:
                guard case .system(let error) = error.problem else { return nil }
                self.init(error)
            case let error as SystemError where error.isOutOfSpace: self = .noSpace
            case let error as SystemError where error.code == .readOnlyFileSystem: self = .readOnly
            default: return nil
            }
        }

        /// What made a program fail on the file system of `path`, which programs themselves only say in words.
        static func found(at path: FilePath) -> Cause? { FileSystemRoom.isUsedUp(at: path) ? .noSpace : nil }
    }

    package var kind: Kind
    package var message: String
    package var why: String?
    package var fix: String?
    /// What the world refused, where that is what it comes from: it outlives the way through the worker's report.
    package var cause: Cause?

    package init(
        _ kind: Kind,
        _ message: String,
        why: String? = nil,
        fix: String? = nil,
        cause: Cause? = nil
    ) {
        self.cause = cause
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
        return SandboxError(.system, "while \(action): \(error)", cause: Cause(error))
    }
}
