/// A right on a repository, as token servers name it: `repository:team/web:pull,push`.
///
/// Source: distribution specification, "token scope".
struct TokenScope: Hashable, Sendable, CustomStringConvertible {
    let repository: String
    let mayPush: Bool

    var description: String { "repository:\(repository):\(mayPush ? "pull,push" : "pull")" }
}
