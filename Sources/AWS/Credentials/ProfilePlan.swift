/// How the credentials of a profile come about: what they start from, and the roles that are assumed with it.
struct ProfilePlan: Sendable {
    enum Base: Sendable {
        case keys(Credentials)
        case webIdentity(tokenFile: String, role: RoleToAssume)
        case program(words: [String])
        /// What only the AWS CLI can do; `logIn` is the command that a person gives when it has ended.
        case commandLine(name: String, logIn: String)
        case environment
        case container
        case instanceMetadata
    }

    struct Step: Sendable, Hashable {
        var role: RoleToAssume
        /// The profile that names it.
        var profile: String
    }

    var base: Base
    /// The profile that the base is of.
    var profile: String
    /// The first is assumed first.
    var steps: [Step]
}
