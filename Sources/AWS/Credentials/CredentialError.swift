package import Diagnostics
import HTTPTransport

/// Why there are no credentials to sign with; nothing secret is in it.
package struct CredentialError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where a file has a mistake.
    package var place: SourcePlace?
    package var what: String
    /// May have several lines, each after the first indented by seven spaces.
    package var why: String?
    package var fix: String?
    /// Whether asking again later may help.
    package var isTransient: Bool

    package init(
        at place: SourcePlace? = nil,
        _ what: String,
        why: String? = nil,
        fix: String? = nil,
        isTransient: Bool = false
    ) {
        self.place = place
        self.what = what
        self.why = why
        self.fix = fix
        self.isTransient = isTransient
    }

    package var description: String {
        (place.map { "\($0): " } ?? "") + what + (why.map { "\n  why: \($0)" } ?? "")
            + (fix.map { "\n  fix: \($0)" } ?? "")
    }
}

/// A failure that says whether trying again may help, and what else may.
protocol ExplainedFailure: Error {
    var isTransient: Bool { get }
    var fix: String? { get }
}

extension CredentialError: ExplainedFailure {}

extension HTTPError: ExplainedFailure {
    var fix: String? { nil }
}

/// A foreign text as part of a message: its last lines that are not empty, without control characters, not too long.
func shortened(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }
    let cut = lines.suffix(3).joined(separator: "; ").unicodeScalars
    var result = ""
    result.unicodeScalars.append(contentsOf: cut.prefix(500).map { isControl($0) ? "?" : $0 })
    return cut.count > 500 ? result + "..." : result
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
}

extension String {
    /// One or more bytes, all of them printable and none a blank: what keys, tokens and ARNs are made of.
    var isOneWord: Bool { !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) } }
}
