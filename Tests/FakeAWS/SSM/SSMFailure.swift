extension Failure {
    /// Of Systems Manager.
    static func ssmInvalid(_ message: String) -> Failure { Failure(400, "ValidationException", message) }

    static func ssmUnknown(parameter name: String) -> Failure {
        Failure(400, "ParameterNotFound", "Parameter \(name) not found.")
    }
}
