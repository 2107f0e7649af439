/// Rights on a repository, as token servers name them: `repository:team/web:pull,push`.
///
/// Source: distribution specification, "token scope".
struct TokenScope: Hashable, Sendable, CustomStringConvertible {
    enum Rights: String, Sendable, Hashable {
        case pull
        case push = "pull,push"
        /// Asked for only where something is taken away, and the right to push is not enough for that: many who may
        /// push are given less, or nothing, where they ask for it.
        case delete = "pull,push,delete"
    }

    let repository: String
    let rights: Rights

    var description: String { "repository:\(repository):\(rights.rawValue)" }
}
