package import Diagnostics
package import OCI

/// Diagnostics as a JSON document: `{"diagnostics": [{"severity": ..., "identifier": ..., "message": ...}]}`.
package enum DiagnosticDocument {
    package static func value(_ diagnostics: [Diagnostic]) -> JSONValue {
        .object(["diagnostics": .array(diagnostics.map(value))])
    }

    private static func value(_ diagnostic: Diagnostic) -> JSONValue {
        .object([
            "severity": .string(diagnostic.severity.rawValue),
            "identifier": .string(diagnostic.identifier.description),
            "message": .string(diagnostic.message),
            "why": diagnostic.why.map(JSONValue.string),
            "fix": diagnostic.fix.map(JSONValue.string),
            "file": diagnostic.place.map { .string($0.file) },
            "line": diagnostic.place.map { .integer(Int64($0.line)) },
            "column": diagnostic.place.map { .integer(Int64($0.column)) },
        ])
    }
}
