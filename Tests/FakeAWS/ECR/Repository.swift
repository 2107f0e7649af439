/// A repository of a registry as the fake knows it: it holds no images.
package struct Repository: Sendable, Hashable {
    package let name: String
    package let account: String
    package let region: String
    /// `MUTABLE` or `IMMUTABLE`.
    package var mutability: String
    package var scansOnPush: Bool
    package var encryption: String
    package var tags: [String: String]
    var date: Int64

    var arn: String { "arn:aws:ecr:\(region):\(account):repository/\(name)" }

    var uri: String { "\(account).dkr.ecr.\(region).amazonaws.com/\(name)" }
}
