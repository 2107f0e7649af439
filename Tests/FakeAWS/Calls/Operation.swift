import OCI

/// An operation of a service: what it takes, and what it does.
struct Operation: Sendable {
    enum Work: Sendable {
        /// While nothing else happens.
        case world(@Sendable (inout World, Invocation) throws(Failure) -> Outcome)
        /// Beside others: it moves blocks.
        case blocks(@Sendable (FakeAWS, Invocation) throws(Failure) -> Outcome)
    }

    /// Of the protocol with paths: `["snapshots", "{SnapshotId}", "blocks"]`.
    struct Route: Sendable {
        var method: String
        var path: [String]
    }

    var service: Service
    var name: String
    var changes: Bool
    var members: [Shape.Member]
    var route: Route?
    var isSigned = true
    var takesBlock = false
    /// The keys of the tags of each thing that it makes.
    var madeTags: (@Sendable (JSONValue) -> [Set<String>])?
    var work: Work

    static let all: [Operation] =
        autoScaling + cloudFormation + ebs + ec2 + ecr + iam + kms + s3 + ssm + sts

    static let byName: [Service: [String: Operation]] = Dictionary(grouping: all) { $0.service }
        .mapValues { Dictionary($0.map { ($0.name, $0) }) { first, _ in first } }
}
