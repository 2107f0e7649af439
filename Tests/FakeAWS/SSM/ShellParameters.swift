import OCI

/// The parameters of the document AWS-RunShellScript.
struct ShellParameters {
    /// Lines, joined as the agent does it.
    var text: String
    var folder: String
    /// Seconds.
    var timeout: Int64

    init(_ parameters: JSONValue?) throws(Failure) {
        let given = parameters?.objectValue ?? [:]
        for name in given.keys.sorted() where !["commands", "workingDirectory", "executionTimeout"].contains(name) {
            throw .ssm("InvalidParameters", "document AWS-RunShellScript has no parameter \(name)")
        }
        func values(_ name: String) -> [String] { given[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        guard !values("commands").isEmpty else {
            throw .ssm("InvalidParameters", "The parameter commands is required")
        }
        text = values("commands").joined(separator: "\n")
        folder = values("workingDirectory").first { !$0.isEmpty } ?? "/"
        let seconds = values("executionTimeout").first ?? "3600"
        guard let timeout = Int64(seconds), (1...172_800).contains(timeout), !seconds.hasPrefix("0") else {
            throw .ssm("InvalidParameters", "executionTimeout \(seconds) is not in 1...172800")
        }
        self.timeout = timeout
    }
}
