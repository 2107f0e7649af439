import AWS
import Bakefiles
import MachineImages

extension SourceAMI {
    /// The same, and that it is for the architecture: a parameter may name whatever it likes.
    func checked(with session: AWSSession, in region: String, architecture: String) async throws -> String {
        let id = try await resolved(with: session, in: region, architecture: architecture)
        guard case .parameter(let name) = self else { return id }
        guard let found = try await EC2(session, region: region).sourceImage(id) else {
            throw InstanceBakeError.notReady(
                region: region,
                ["the parameter '\(name)' names '\(id)', which is no AMI that this account may use"]
            )
        }
        let wanted = MachineBootMode.architecture(of: architecture)
        guard found.architecture == wanted else {
            throw InstanceBakeError.notReady(
                region: region,
                [
                    "the parameter '\(name)' names '\(id)', which is for \(found.architecture), and the image for \(wanted)"
                ]
            )
        }
        return id
    }

    /// The id that it stands for in a region now; `architecture` is OCI's name.
    ///
    /// Throws `InstanceBakeError.notReady` where there is none, or more than one.
    func resolved(with session: AWSSession, in region: String, architecture: String) async throws -> String {
        switch self {
        case .parameter(let name):
            guard let id = try await SSM(session, region: region).parameter(name) else {
                throw InstanceBakeError.notReady(region: region, ["there is no parameter '\(name)'"])
            }
            guard id.hasPrefix("ami-") else {
                throw InstanceBakeError.notReady(region: region, ["the parameter '\(name)' is no AMI: '\(id)'"])
            }
            return id
        case .named(let name, let owner, let isNewest):
            let wanted = MachineBootMode.architecture(of: architecture)
            let found = try await EC2(session, region: region).sourceImages(
                owner: owner,
                name: name,
                architecture: wanted
            )
            guard let newest = found.first else {
                throw InstanceBakeError.notReady(region: region, ["'\(owner)' has no AMI '\(name)' for \(wanted)"])
            }
            if found.count > 1, !isNewest {
                let names = found.prefix(3).map { "'\($0.name)'" }.joined(separator: ", ")
                throw InstanceBakeError.notReady(
                    region: region,
                    [
                        "'\(owner)' has \(found.count) AMIs '\(name)', such as \(names): say 'most-recent: true' for the newest"
                    ]
                )
            }
            return newest.id
        }
    }
}
