extension Failure {
    /// Of the EBS direct APIs.
    static func ebsInvalid(_ message: String, _ reason: String = "INVALID_PARAMETER_VALUE") -> Failure {
        Failure(400, "ValidationException", message, reason: reason)
    }

    static func ebsUnknown(_ id: String) -> Failure {
        Failure(
            404,
            "ResourceNotFoundException",
            "The snapshot '\(id)' does not exist.",
            reason: "SNAPSHOT_NOT_FOUND"
        )
    }
}
