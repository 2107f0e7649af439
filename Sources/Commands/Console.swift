import Glibc
import OCI
import Reporting
import SystemIO
import SystemPackage

/// Standard output for results, standard error for everything else.
enum Console {
    static let environment = ProcessSetup.environment

    private static let output = Descriptor(adopting: STDOUT_FILENO, path: "standard output")
    private static let errors = Descriptor(adopting: STDERR_FILENO, path: "standard error")

    /// Writes a result; throws `OutputClosed` where its reader is gone.
    static func write(_ text: String) throws {
        do {
            try output.write(Array(text.utf8))
        } catch  where error.code == .brokenPipe {
            throw OutputClosed()
        }
    }

    static func write(_ lines: [String]) throws { try write(lines.map { $0 + "\n" }.joined()) }

    static func write(_ document: JSONValue) throws { try write(document.prettyText) }

    /// Says something beside the result.
    ///
    /// Nobody being there to read it is no failure.
    static func say(_ text: String) { try? errors.write(Array((text + "\n").utf8)) }

    static func say(_ lines: [String]) {
        if !lines.isEmpty { say(lines.joined(separator: "\n")) }
    }

    /// Writes to standard error as it is.
    static func draw(_ text: String) { try? errors.write(Array(text.utf8)) }

    /// The colours of the result.
    static func resultPalette(_ choice: Palette.Choice) -> Palette {
        Palette(choice: choice, isTerminal: Terminal.isTerminal(STDOUT_FILENO), environment: environment)
    }

    /// The colours of messages.
    static func messagePalette(_ choice: Palette.Choice) -> Palette {
        Palette(choice: choice, isTerminal: messagesGoToTerminal, environment: environment)
    }

    static var messagesGoToTerminal: Bool { Terminal.isTerminal(STDERR_FILENO) }

    static var messageSize: (columns: Int, rows: Int) { Terminal.size(STDERR_FILENO) }
}

/// Whoever read the result has gone, as `head` does: the command ends as if by SIGPIPE, without a word.
struct OutputClosed: Error {
    static let signal = SIGPIPE
}
