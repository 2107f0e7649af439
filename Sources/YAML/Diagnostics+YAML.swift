package import Diagnostics

extension DiagnosticIdentifier {
    /// The text is not YAML.
    package static let yamlSyntax: DiagnosticIdentifier = "yaml-syntax"
    /// The text is not JSON (RFC 8259).
    package static let jsonSyntax: DiagnosticIdentifier = "json-syntax"
    /// The file is not UTF-8.
    package static let notUTF8: DiagnosticIdentifier = "not-utf-8"
    /// A key stands twice in one mapping.
    package static let duplicateKey: DiagnosticIdentifier = "duplicate-key"
    /// A key is a list or a mapping.
    package static let keyNotText: DiagnosticIdentifier = "key-not-text"
    /// YAML's `<<`, which is refused: what a mapping holds must be visible where it stands.
    package static let mergeKey: DiagnosticIdentifier = "merge-key"
    /// An alias names an anchor that does not stand before it.
    package static let unknownAnchor: DiagnosticIdentifier = "unknown-anchor"
    /// An alias stands inside of the value that it names.
    package static let aliasCycle: DiagnosticIdentifier = "alias-cycle"
    /// More values than the limit, aliases followed.
    package static let tooManyNodes: DiagnosticIdentifier = "too-many-nodes"
    /// More levels than the limit, aliases followed.
    package static let tooDeep: DiagnosticIdentifier = "too-deep"
    /// More bytes than the limit.
    package static let textTooLarge: DiagnosticIdentifier = "text-too-large"
    /// A second document (`---`) in a file that holds one.
    package static let manyDocuments: DiagnosticIdentifier = "many-documents"
}
