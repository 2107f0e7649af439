/// A parameter of Parameter Store as the fake knows it.
package struct Parameter: Sendable {
    package struct Version: Sendable, Hashable {
        package let number: Int
        package var value: String
        package var type: String
        /// `text` or `aws:ec2:image`.
        package var dataType: String
        package var description: String?
        package var allowedPattern: String?
        package var tier: String
        /// Who put it: an ARN.
        package var user: String
        package var date: Int64
    }

    /// A version whose value is not checked yet.
    struct Candidate: Sendable {
        var version: Version
        /// So many reads do not see it.
        var reads: Int
    }

    package let name: String
    /// Nil for those of AWS that all can read.
    package let owner: String?
    package let region: String
    /// The oldest first; empty before the first one is valid.
    package internal(set) var versions: [Version] = []
    package internal(set) var tags: [String: String] = [:]

    var candidate: Candidate?

    package var value: String? { versions.last?.value }

    var arn: String {
        "arn:aws:ssm:\(region):\(owner ?? ""):parameter\(name.hasPrefix("/") ? "" : "/")\(name)"
    }

    static let greatestHistory = 100
}
