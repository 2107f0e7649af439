extension Failure {
    /// Of the Key Management Service.
    static func kmsUnknown(_ message: String) -> Failure { Failure(400, "NotFoundException", message) }

    static func kmsState(_ key: Key) -> Failure {
        key.state == .disabled
            ? Failure(400, "DisabledException", "\(key.arn) is disabled.")
            : Failure(400, "KMSInvalidStateException", "\(key.arn) is pending deletion.")
    }
}
