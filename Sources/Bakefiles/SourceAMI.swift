package import OCI

/// An AMI of somebody that a machine is started from: what it is moves, and differs from region to region.
package enum SourceAMI: Sendable, Hashable {
    /// Of an owner, by name, in which `*` and `?` stand for anything; without `isNewest` there must be one only.
    ///
    /// The owner is an account's number or a name of AWS's: without one, anybody's image would do.
    case named(String, owner: String, isNewest: Bool)
    /// What a parameter of Systems Manager says, such as the public ones of AWS and of distributions.
    case parameter(String)

    /// All that is stated.
    package var json: JSONValue {
        switch self {
        case .named(let name, let owner, let isNewest):
            .object(["most-recent": .bool(isNewest), "name": .string(name), "owner": .string(owner)])
        case .parameter(let name): .object(["parameter": .string(name)])
        }
    }

    /// In one line.
    package var title: String {
        switch self {
        case .named(let name, let owner, _): "ami \(name) of \(owner)"
        case .parameter(let name): "ami of \(name)"
        }
    }
}
