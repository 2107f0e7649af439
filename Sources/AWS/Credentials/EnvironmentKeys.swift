/// Keys in variables of the environment.
///
/// Source: AWS SDKs and Tools Reference Guide, "AWS access keys"; `AWS_CREDENTIAL_EXPIRATION` is what
/// `aws configure export-credentials --format env` writes.
enum EnvironmentKeys {
    static let nothing = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"

    /// The keys, or nil where neither variable is set; one without the other is an error.
    static func read(_ variables: Variables) throws(CredentialError) -> Credentials? {
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        guard names.contains(where: { variables[$0] != nil }) else { return nil }
        let fix = "set both, and AWS_SESSION_TOKEN if the key came with one, or unset both"
        guard let identifier = variables[names[0]], let secret = variables[names[1]] else {
            let (set, missing) = variables[names[0]] == nil ? (names[1], names[0]) : (names[0], names[1])
            throw CredentialError("\(set) is set without \(missing)", fix: fix)
        }
        let token = variables["AWS_SESSION_TOKEN"] ?? variables["AWS_SECURITY_TOKEN"]
        for (name, value) in [(names[0], identifier), (names[1], secret), ("AWS_SESSION_TOKEN", token ?? "-")]
        where !value.isOneWord {
            throw CredentialError("\(name) has a character that is in none of AWS's keys", fix: "set it anew")
        }
        var expiration: Int64?
        if let text = variables["AWS_CREDENTIAL_EXPIRATION"] {
            guard let seconds = CredentialDocument.seconds(text) else {
                throw CredentialError(
                    "AWS_CREDENTIAL_EXPIRATION is no ISO 8601 time with an offset",
                    fix: "write it as '2030-01-31T12:00:00Z', or unset it"
                )
            }
            expiration = seconds
        }
        return Credentials(
            accessKeyID: identifier,
            secretAccessKey: secret,
            sessionToken: token,
            expiration: expiration,
            source: "the environment"
        )
    }
}
