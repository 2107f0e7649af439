extension Failure {
    /// Of Systems Manager, whose own errors all have the status 400.
    static func ssm(_ code: String, _ message: String = "") -> Failure { Failure(400, code, message) }

    static func ssmInvalidInstances(_ ids: [String]) -> Failure {
        .ssm("InvalidInstanceId", "Instances [[\(ids.joined(separator: ", "))]] not in a valid state for account")
    }

    static func ssmInvalid(_ message: String) -> Failure { .ssm("ValidationException", message) }

    /// It says nothing more, as Parameter Store does.
    static let ssmUnknownParameter = Failure.ssm("ParameterNotFound")
}
