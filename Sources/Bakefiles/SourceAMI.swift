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

    /// Whether a text has the form of an AMI's id.
    ///
    /// Source: Amazon EC2 API Reference, "Resource IDs": eight digits once, and seventeen now.
    package static func isID(_ text: String) -> Bool {
        let digits = text.dropFirst(4).utf8
        let areDigits = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return text.hasPrefix("ami-") && (8...17).contains(digits.count) && areDigits
    }

    /// In one line.
    package var title: String {
        switch self {
        case .named(let name, let owner, _): "ami \(name) of \(owner)"
        case .parameter(let name): "ami of \(name)"
        }
    }
}
