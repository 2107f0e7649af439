package import Diagnostics

extension DiagnosticIdentifier {
    /// A file is no CloudFormation template, or a part of its parameters, or of what waits for signals, has the wrong shape.
    package static let templateShape: DiagnosticIdentifier = "template-shape"
    /// A key that a template's parameter does not have.
    package static let templateKey: DiagnosticIdentifier = "template-key"
    /// A parameter's name is not of letters and digits.
    package static let templateParameterName: DiagnosticIdentifier = "template-parameter-name"
    /// A parameter without a type, or with one that CloudFormation does not have.
    package static let templateParameterType: DiagnosticIdentifier = "template-parameter-type"
    /// A function of a template that has no meaning where it stands, or none that is known without AWS.
    package static let templateFunction: DiagnosticIdentifier = "template-function"
    /// A part of a template's `Mappings` is nothing that AMIs can be put into.
    package static let mappingShape: DiagnosticIdentifier = "mapping-shape"
    /// More than 200 parameters.
    package static let tooManyParameters: DiagnosticIdentifier = "too-many-parameters"
}
