package import HTTPTransport
import SystemIO

extension AWSSession {
    /// A session with the credentials and endpoints that the environment and the user's AWS configuration name.
    ///
    /// `profile` counts more than what the environment says.
    package convenience init(
        environment: [String: String],
        profile: String?,
        carrier: any RequestCarrier,
        policy: RetryPolicy = RetryPolicy(),
        clock: RetryClock = .system
    ) {
        let redactor = Redactor()
        let endpoints = Endpoints(environment: environment)
        let tokens = RoleCalls(
            carrier: carrier,
            endpoints: endpoints,
            variables: Variables(environment),
            profile: profile,
            policy: policy,
            clock: clock,
            redactor: redactor
        )
        let chain = CredentialChain(
            environment: environment,
            profile: profile,
            carrier: carrier,
            tokens: tokens,
            clock: clock,
            redactor: redactor
        )
        self.init(
            carrier: carrier,
            credentials: chain,
            endpoints: endpoints,
            policy: policy,
            clock: clock,
            redactor: redactor
        )
    }
}

/// The calls by which credentials of roles are borrowed, with the credentials at hand or with none.
private struct RoleCalls: SecurityTokenCalls {
    let carrier: any RequestCarrier
    let endpoints: Endpoints
    let variables: Variables
    let profile: String?
    let policy: RetryPolicy
    let clock: RetryClock
    let redactor: Redactor

    /// That of the environment or of the profile, for other partitions know other accounts; else the oldest one.
    private func region() async throws -> String {
        if let named = variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"] { return named }
        let name = profile ?? variables["AWS_PROFILE"] ?? variables["AWS_DEFAULT_PROFILE"] ?? "default"
        let profiles = try await BlockingPool.shared.run { try SharedProfiles(environment: variables.all) }
        return profiles.region(of: name) ?? "us-east-1"
    }

    func assumeRole(_ role: RoleToAssume, signedWith key: Credentials) async throws -> Credentials {
        try await STS(session(key), region: region()).assume(role)
    }

    func assumeRoleWithWebIdentity(_ role: RoleToAssume, token: String) async throws -> Credentials {
        try await STS(session(nil), region: region()).assume(role, token: token)
    }

    private func session(_ key: Credentials?) -> AWSSession {
        AWSSession(
            carrier: carrier,
            credentials: FixedCredentials(key: key),
            endpoints: endpoints,
            policy: policy,
            clock: clock,
            redactor: redactor
        )
    }
}

/// Credentials that nobody renews.
private struct FixedCredentials: CredentialProvider {
    let key: Credentials?

    func credentials() async throws -> Credentials {
        guard let key else { throw CredentialError("this call is made without credentials") }
        return key
    }

    func invalidate(_ rejected: Credentials) async {}
}
