import Diagnostics
import Registry
import Reporting
import Rollouts
import Store
import SystemIO

/// How a command ended badly: the exit status, and what is said about it on standard error.
struct CommandFailure: Error {
    let status: Int32
    let diagnostics: [Diagnostic]
    /// Of something that no text of the user's caused.
    let message: String?

    init(_ status: ExitStatus, _ diagnostics: [Diagnostic]) {
        self.status = status.rawValue
        self.diagnostics = diagnostics
        self.message = nil
    }

    init(_ status: ExitStatus, message: String?) {
        self.init(status: status.rawValue, message: message)
    }

    init(status: Int32, message: String? = nil) {
        self.status = status
        self.diagnostics = []
        self.message = message
    }

    /// What any error means to the user; the one place that decides exit statuses for errors of other modules.
    init(describing error: any Error) {
        if let failure = CommandFailure(describingAWS: error) {
            self = failure
            return
        }
        switch error {
        case let failure as CommandFailure: self = failure
        case let invalid as InvalidInput: self.init(.usage, invalid.diagnostics)
        case let refused as VersionRefused: self.init(.refused, [refused.diagnostic])
        case let store as StoreError:
            if case .versionTaken(let image, let version, let holder) = store {
                self.init(.refused, [Self.versionTaken(image, version, holder)])
            } else {
                self.init(.internalError, message: store.description)
            }
        case let registry as RegistryError:
            self.init(.internalError, [registry.diagnostic("the registry cannot be used")])
        case let taken as TagTaken: self.init(.refused, [Self.tagTaken(taken)])
        case is CancellationError: self.init(status: ExitStatus.interrupted(by: Interruption.lastSignal ?? 2))
        case is OutputClosed: self.init(status: ExitStatus.interrupted(by: OutputClosed.signal))
        case let described as any CustomStringConvertible:
            self.init(.internalError, message: described.description)
        default: self.init(.internalError, message: "internal error: \(error)")
        }
    }

    private static func versionTaken(_ image: String, _ version: String, _ holder: Digest) -> Diagnostic {
        Diagnostic(
            "version '\(version)' of image '\(image)' belongs to another identity",
            .versionTaken,
            why: "it stands for \(holder.short) here, and a version never changes its meaning"
        )
    }

    private static func tagTaken(_ taken: TagTaken) -> Diagnostic {
        Diagnostic(
            "'\(taken.reference)' stands for another image",
            .versionTaken,
            why: "it has the identity \(taken.holder.short) there, and a version never changes its meaning",
            fix: "bake it with a new version"
        )
    }

    /// The lines for standard error.
    func lines(_ palette: Palette) -> [String] {
        var lines = diagnostics.flatMap { DiagnosticText.lines($0, palette: palette) }
        if diagnostics.count > 1, let summary = DiagnosticText.summary(diagnostics) { lines.append(summary) }
        if let message {
            let texts = message.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).neutralised }
            lines.append("\(palette.red("error:")) \(palette.bold(texts[0]))")
            lines += texts.dropFirst()
        }
        return lines
    }
}
