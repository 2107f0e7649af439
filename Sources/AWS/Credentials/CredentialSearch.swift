import HTTPTransport
import SystemIO

/// Looks for credentials, place by place.
///
/// Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers"; the order is that of the AWS CLI.
struct CredentialSearch: Sendable {
    let variables: Variables
    /// That of an option: it counts before the environment, which one of AWS_PROFILE does not.
    let askedProfile: String?
    let tokens: any SecurityTokenCalls
    let service: LocalService
    let programPatience: Duration

    /// Where credentials may be.
    ///
    /// Once there were some, they are renewed from the same place and no other.
    enum Place: Sendable, Hashable {
        case environment
        case profile
        case webIdentity
        case container
        case instance
    }

    enum Finding: Sendable {
        case found(Credentials)
        /// Why there is nothing, as it follows the name of the place.
        case nothing(String, isTransient: Bool = false)
    }

    var clock: RetryClock { service.clock }
    var redactor: Redactor { service.redactor }

    /// The first credentials that there are, and where they were.
    ///
    /// What is there but wrong is an error; so is to find nothing, with all places and why each was of no use.
    func find() async throws -> (Credentials, Place) {
        var reasons: [String] = []
        var isTransient = false
        if askedProfile != nil {
            reasons.append("the environment: not looked at, since a profile was asked for")
        } else if case .found(let credentials) = try await look(.environment) {
            return (credentials, .environment)
        } else {
            reasons.append("the environment: \(EnvironmentKeys.nothing)")
        }
        let profiles = try await profiles()
        let isRole = profiles[profileName]?.assumesRole ?? false
        let places: [Place] =
            isRole ? [.profile] : [.webIdentity, .profile, .container, .instance]
        for place in places {
            switch try await look(place) {
            case .found(let credentials): return (credentials, place)
            case .nothing(let reason, let mayHelp):
                reasons.append("\(title(of: place)): \(reason)")
                isTransient = isTransient || mayHelp
            }
        }
        throw CredentialError(
            "no AWS credentials were found",
            why: reasons.joined(separator: "\n       "),
            fix: profiles.names.isEmpty || askedProfile != nil
                ? "run 'aws configure', or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                : "set AWS_PROFILE to \(profiles.choice), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            isTransient: isTransient
        )
    }

    /// What is in one place now.
    func look(_ place: Place) async throws -> Finding {
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"] {
            if let secret = variables[name] { redactor.learn(secret) }
        }
        switch place {
        case .environment:
            return try EnvironmentKeys.read(variables).map { .found($0) } ?? .nothing(EnvironmentKeys.nothing)
        case .profile: return try await lookInProfile()
        case .webIdentity: return try await lookForWebIdentity()
        case .container:
            let container = ContainerCredentials(variables: variables, service: service)
            return try await container.read().map { .found($0) } ?? .nothing(ContainerCredentials.nothing)
        case .instance:
            do {
                return .found(try await instance(of: try await profiles()).read())
            } catch let error as CredentialError {
                return .nothing(error.why.map { "\(error.what): \($0)" } ?? error.what, isTransient: error.isTransient)
            }
        }
    }

    func title(of place: Place) -> String {
        switch place {
        case .environment: "the environment"
        case .profile: "profile '\(shortened(profileName))'"
        case .webIdentity: "web identity"
        case .container: "the container"
        case .instance: "the instance"
        }
    }

    /// The profile that is looked in.
    var profileName: String { namedProfile ?? "default" }

    private var namedProfile: String? {
        askedProfile ?? variables["AWS_PROFILE"] ?? variables["AWS_DEFAULT_PROFILE"]
    }

    func profiles() async throws -> SharedProfiles {
        let profiles = try await BlockingPool.shared.run { try SharedProfiles(environment: variables.all) }
        for secret in profiles.secrets { redactor.learn(secret) }
        return profiles
    }

    func instance(of profiles: SharedProfiles) -> InstanceMetadata {
        InstanceMetadata(variables: variables, profile: profiles[profileName], service: service)
    }

    private func lookInProfile() async throws -> Finding {
        let profiles = try await profiles()
        guard profiles[profileName] != nil else {
            if namedProfile == nil { return .nothing(profiles.absence(of: profileName)) }
            throw CredentialError(
                "there is no profile '\(shortened(profileName))'",
                why: profiles.absence(of: profileName),
                fix: profiles.fix(forAbsent: profileName)
            )
        }
        guard let plan = try profiles.plan(for: profileName, sessionName: sessionName) else {
            return .nothing("it says nothing of credentials")
        }
        return .found(try await carryOut(plan, profiles))
    }

    /// Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider", with web identity.
    private func lookForWebIdentity() async throws -> Finding {
        let variable = "AWS_WEB_IDENTITY_TOKEN_FILE"
        guard askedProfile == nil else { return .nothing("not looked at, since a profile was asked for") }
        guard let file = variables[variable] else { return .nothing("\(variable) is not set") }
        let profile = try await profiles()[profileName]
        guard let arn = variables["AWS_ROLE_ARN"] ?? profile?["role_arn"]?.value, arn.isOneWord else {
            throw CredentialError("\(variable) is set without a role", fix: "set AWS_ROLE_ARN, or unset \(variable)")
        }
        let name = variables["AWS_ROLE_SESSION_NAME"] ?? profile?["role_session_name"]?.value ?? sessionName
        guard isSessionName(name) else {
            throw CredentialError("AWS_ROLE_SESSION_NAME is not 2 to 64 of letters, digits and '_+=,.@-'")
        }
        let role = RoleToAssume(arn: arn, sessionName: name)
        return .found(try await assume(role, tokenFile: file, source: "web identity (\(variable))"))
    }

    /// For roles that have no other; the time tells sessions apart.
    private var sessionName: String { "ovenbird-\(clock.now())" }
}
