import Bakefiles
import SystemIO

/// The fields of a release's images, as one environment sees them.
struct BindingFields {
    /// Why a field has no value yet.
    struct Missing: Error {
        let note: String
    }

    let release: Release
    let environment: Stack.Environment

    func value(of field: Stack.Field, image name: String) -> Result<String, Missing> {
        guard let image = release.images[name] else {
            return missing("image '\(name)' is not in the release")
        }
        switch field {
        case .version: return .success(image.version)
        case .digest: return .success(image.identity.description)
        case .reference:
            guard let reference = image.references.first else {
                return missing("image '\(name)' has no 'push:' destination")
            }
            return .success(reference)
        case .pinned: return pinned(image, name)
        case .ami: return ami(image, name)
        }
    }

    /// Of the first destination that holds the image, in the order of the Bakefile.
    private func pinned(_ image: ReleasedImage, _ name: String) -> Result<String, Missing> {
        guard !image.references.isEmpty else { return missing("image '\(name)' has no 'push:' destination") }
        for reference in image.references {
            for case .registry(let repository, let manifest) in image.placements
            where reference == "\(repository):\(image.version)" {
                return .success("\(repository)@\(manifest)")
            }
        }
        return missing("image '\(name)' is not pushed yet")
    }

    private func ami(_ image: ReleasedImage, _ name: String) -> Result<String, Missing> {
        guard image.kind == .ami else { return missing("image '\(name)' is not a machine image") }
        var found: [(account: String, ami: String)] = []
        for case .machine(let account, environment.region, let ami, _) in image.placements {
            found.append((account, ami))
        }
        guard !found.isEmpty else {
            return missing("image '\(name)' is not registered as an AMI in \(environment.region) yet")
        }
        guard let wanted = environment.accountOfRole else {
            // An AMI is shared under one id, so several accounts are a choice that only a role makes.
            return Set(found.map(\.ami)).count == 1
                ? .success(found[0].ami)
                : missing("image '\(name)' is registered in several accounts, and the environment has no 'role'")
        }
        if let own = found.first(where: { $0.account == wanted }) { return .success(own.ami) }
        return missing("image '\(name)' is not registered as an AMI in account \(wanted), \(environment.region) yet")
    }

    private func missing(_ note: String) -> Result<String, Missing> { .failure(Missing(note: note)) }
}

extension Stack.Environment {
    /// The account of `arn:aws:iam::ACCOUNT:role/NAME`.
    var accountOfRole: String? {
        let parts = role?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        return parts.count >= 6 && !parts[4].isEmpty ? String(parts[4]) : nil
    }
}
