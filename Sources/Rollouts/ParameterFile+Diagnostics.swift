package import Diagnostics

extension DiagnosticIdentifier {
    /// The name of a parameter file ends neither in `.json` nor in `.yaml` or `.yml`.
    package static let parameterFileExtension: DiagnosticIdentifier = "parameter-file-extension"
    /// A file is none of the three dialects.
    package static let parameterFileShape: DiagnosticIdentifier = "parameter-file-shape"
    /// A key that the dialect does not have.
    package static let parameterFileKey: DiagnosticIdentifier = "parameter-file-key"
    /// A parameter's value is not a text.
    package static let parameterValueShape: DiagnosticIdentifier = "parameter-value-shape"
    /// Readers of YAML take a value for different things.
    package static let parameterValueAmbiguous: DiagnosticIdentifier = "parameter-value-ambiguous"
    /// A parameter is given twice in a CLI list.
    package static let duplicateParameter: DiagnosticIdentifier = "duplicate-parameter"
    /// A bound value is a list, which is not edited.
    package static let parameterIsList: DiagnosticIdentifier = "parameter-is-list"
    /// A bound value has an anchor, so that its change would change other values.
    package static let parameterIsAnchored: DiagnosticIdentifier = "parameter-is-anchored"
    /// An edit would change more than the bound values.
    package static let parameterFileNotEditable: DiagnosticIdentifier = "parameter-file-not-editable"
}
