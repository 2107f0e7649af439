extension Failure {
    /// Of Systems Manager.
    static func ssmInvalid(_ message: String) -> Failure { Failure(400, "ValidationException", message) }

    /// It says nothing more, as Parameter Store does.
    static let ssmUnknownParameter = Failure(400, "ParameterNotFound", "")
}
