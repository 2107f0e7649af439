package import Diagnostics

/// Holds the values of a parameter file to a template, as CloudFormation would when the change set is made.
///
/// Offline: whether an AMI or a subnet exists is not looked at. A value that asks for the stack's previous one is not
/// known here and not checked. The values of `NoEcho` parameters are never shown.
package enum ParameterCheck {
    /// CloudFormation's limit of a parameter's value.
    package static let valueLimit = 4096

    /// Everything that is wrong, in the order of the file.
    ///
    /// Parameters of `mayLack` may have no value yet; values of `leavingOut` are going to be replaced and not looked at.
    package static func check(
        _ file: ParameterFile,
        against template: Template,
        mayLack: Set<String> = [],
        leavingOut: Set<String> = []
    ) -> [Diagnostic] {
        var diagnostics = DiagnosticList()
        for entry in file.entries {
            guard let parameter = template[entry.name] else {
                diagnostics.add(unknown(entry, in: file, template))
                continue
            }
            guard let value = entry.value, !leavingOut.contains(entry.name) else { continue }
            diagnostics.add(contentsOf: ValueCheck(value, at: entry.valuePlace, parameter).diagnostics())
        }
        for parameter in template.parameters where parameter.defaultValue == nil && file[parameter.name] == nil {
            if mayLack.contains(parameter.name) { continue }
            diagnostics.add(
                Diagnostic(
                    at: file.place,
                    "the parameter '\(parameter.name)' has no value",
                    .missingParameter,
                    why: "\(parameter.place) declares it without 'Default'",
                    fix: "add it to the file"
                )
            )
        }
        return diagnostics.inFileOrder
    }

    private static func unknown(
        _ entry: ParameterFile.Entry,
        in file: ParameterFile,
        _ template: Template
    ) -> Diagnostic {
        // A name that the file has elsewhere was not meant here.
        let free = template.parameters.map(\.name).filter { file[$0] == nil }
        let nearest = nearestName(to: entry.name, among: free).flatMap { template[$0] }
        return Diagnostic(
            at: entry.keyPlace,
            "the template has no parameter '\(entry.name)'",
            .unknownParameter,
            why: "the template is '\(template.file)'",
            fix: nearest.map { "write '\($0.name)' (declared at \($0.place)), or remove the entry" }
                ?? "remove the entry"
        )
    }

    /// A number as CloudFormation takes it: decimal digits with sign, point and exponent, nothing else.
    static func number(_ text: String) -> Double? {
        let allowed = Array("0123456789+-.eE".utf8)
        guard text.utf8.allSatisfy({ allowed.contains($0) }) else { return nil }
        return Double(text)
    }
}

extension DiagnosticIdentifier {
    /// A value for a parameter that the template does not have.
    package static let unknownParameter: DiagnosticIdentifier = "unknown-parameter"
    /// No value for a parameter without a default.
    package static let missingParameter: DiagnosticIdentifier = "missing-parameter"
    /// A value that is not of its parameter's type.
    package static let parameterType: DiagnosticIdentifier = "parameter-type"
    /// A value that is not among `AllowedValues`.
    package static let parameterNotAllowed: DiagnosticIdentifier = "parameter-not-allowed"
    /// A value that `AllowedPattern` does not match as a whole.
    package static let parameterPattern: DiagnosticIdentifier = "parameter-pattern"
    /// An `AllowedPattern` that cannot be compiled here, so that the value was not held to it.
    package static let patternNotChecked: DiagnosticIdentifier = "pattern-not-checked"
    /// A value shorter than `MinLength` or longer than `MaxLength`.
    package static let parameterLength: DiagnosticIdentifier = "parameter-length"
    /// A number below `MinValue` or above `MaxValue`.
    package static let parameterRange: DiagnosticIdentifier = "parameter-range"
    /// A value of more than 4,096 bytes.
    package static let parameterTooLong: DiagnosticIdentifier = "parameter-too-long"
    /// The `****` that CloudFormation shows instead of a `NoEcho` value.
    package static let maskedParameter: DiagnosticIdentifier = "masked-parameter"
}
