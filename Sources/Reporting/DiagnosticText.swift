package import Diagnostics

/// Diagnostics as people read them.
package enum DiagnosticText {
    /// The lines of one diagnostic, control characters made visible.
    package static func lines(_ diagnostic: Diagnostic, palette: Palette) -> [String] {
        let place = diagnostic.place.map { palette.bold("\($0.description.neutralised):") + " " } ?? ""
        var lines = [
            place + severity(diagnostic.severity, palette) + " "
                + palette.bold("\(diagnostic.message.neutralised) [\(diagnostic.identifier)]")
        ]
        if let why = diagnostic.why { lines.append("  why: \(why.neutralised)") }
        if let fix = diagnostic.fix { lines.append("  fix: \(fix.neutralised)") }
        return lines
    }

    /// `3 errors, 1 warning`, or nil where there is nothing to count.
    package static func summary(_ diagnostics: [Diagnostic]) -> String? {
        let counts: [String] = [Severity.error, .warning, .note].compactMap { severity in
            let count = diagnostics.count { $0.severity == severity }
            return count == 0 ? nil : Counts.text(count, severity.rawValue)
        }
        return counts.isEmpty ? nil : counts.joined(separator: ", ")
    }

    private static func severity(_ severity: Severity, _ palette: Palette) -> String {
        let word = "\(severity.rawValue):"
        return switch severity {
        case .error: palette.red(word)
        case .warning: palette.yellow(word)
        case .note: palette.cyan(word)
        }
    }
}

/// Numbers with their noun: `1 step`, `2 steps`.
package enum Counts {
    package static func text(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
