/// Gives the credentials to sign with; what ends is renewed in time.
package protocol CredentialProvider: Sendable {
    /// Throws `CredentialError` where there are none, or `CancellationError`.
    func credentials() async throws -> Credentials
    /// A service has refused these, as being at their end: they are not given out again.
    func invalidate(_ rejected: Credentials) async
}

/// The calls of the security token service that sources of credentials make.
package protocol SecurityTokenCalls: Sendable {
    /// `AssumeRole`.
    func assumeRole(_ role: RoleToAssume, signedWith: Credentials) async throws -> Credentials
    /// `AssumeRoleWithWebIdentity`, which is not signed.
    func assumeRoleWithWebIdentity(_ role: RoleToAssume, token: String) async throws -> Credentials
}

/// A role, and how it is to be assumed.
///
/// Source: AWS Security Token Service API Reference, "AssumeRole".
package struct RoleToAssume: Sendable, Hashable {
    package var arn: String
    /// What the logs of the role's account call whoever assumed it: 2 to 64 of letters, digits and `_+=,.@-`.
    package var sessionName: String
    /// What the role's account asks of others; never sent with a web identity.
    package var externalID: String?
    /// Seconds, from 900 to 43200; nil leaves it to the service.
    package var durationSeconds: Int?

    package init(arn: String, sessionName: String, externalID: String? = nil, durationSeconds: Int? = nil) {
        self.arn = arn
        self.sessionName = sessionName
        self.externalID = externalID
        self.durationSeconds = durationSeconds
    }
}
