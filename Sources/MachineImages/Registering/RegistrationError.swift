/// Why an image could not be registered.
package enum RegistrationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The account has an AMI of this name, and it is of another image.
    case foreignImage(name: String, ami: String, region: String)
    /// The AMI is there, and encrypted with another key than the Bakefile states, or with none.
    case otherKey(ami: String, key: String?, wanted: String, region: String)
    /// A key, a launch template or whatever else has to be there before anything is registered is not fit for it.
    case unfit(String, fix: String)
    /// The region that the AMI would be copied from has none.
    case noSource(region: String)
    /// A snapshot failed, or a copy, and what the service says of it.
    case failed(String, String)
    /// An AMI can never be used, and what the service says of it.
    case unusable(ami: String, region: String, reason: String)

    package var description: String {
        switch self {
        case .foreignImage(let name, let ami, let region):
            "\(ami) in \(region) has the name '\(name)', and is of another image"
        case .otherKey(let ami, let key, let wanted, let region):
            "\(ami) in \(region) is encrypted with \(key ?? "no key"), and not with \(wanted)"
        case .unfit(let what, _): what
        case .noSource(let region): "there is nothing to copy, since \(region) has no AMI of it"
        case .failed(let what, let reason): "\(what) failed: \(reason)"
        case .unusable(let ami, let region, let reason): "\(ami) in \(region) failed: \(reason)"
        }
    }
}
