/// Why an image could not be registered.
package enum RegistrationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The account has an AMI of this name, and it is of another image.
    case foreignImage(name: String, ami: String, region: String)
    /// A snapshot or an AMI failed, and what the service says of it.
    case failed(String, String)

    package var description: String {
        switch self {
        case .foreignImage(let name, let ami, let region):
            "\(ami) in \(region) has the name '\(name)', and is of another image"
        case .failed(let what, let reason): "\(what) failed: \(reason)"
        }
    }
}
