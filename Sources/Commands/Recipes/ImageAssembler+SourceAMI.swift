import AWS
import Bakefiles
import Baking
import ContainerImages
import OCI
import Planning

/// Images that start from an AMI.
extension ImageAssembler {
    /// The id that an AMI has now; EC2 is asked with the credentials of the environment.
    @Sendable func findAMI(_ base: AMIBase, _ platform: Platform) async throws -> String {
        do {
            return try await AWSOptions.session(profile: nil) { session in
                try await base.source.checked(
                    with: session,
                    in: base.region,
                    architecture: platform.architectureName
                )
            }
        } catch let error as CredentialError {
            throw StepError(
                "nothing says which AMI of \(base.region) is meant, and there are no credentials to ask for it: "
                    + ([error.place.map { "\($0): \(error.what)" } ?? error.what, error.why].compactMap(\.self)
                        .joined(separator: "; ")),
                fix:
                    "give credentials as the AWS tools have them, or take a lock along that 'ovenbird lock' wrote where "
                    + "they are"
            )
        }
    }

    /// The image of an AMI: no layers, and what says which AMI it is and what is done to it.
    func machineAssembly(of image: LayeredImage, _ source: JSONValue) -> ImageAssembly {
        let steps = image.steps.filter(\.planned.isStaged).map(\.planned.definitionKey.description)
        var machine = image.image.machine?.objectValue ?? [:]
        var builder = machine["builder"]?.objectValue ?? [:]
        builder["source"] = source
        builder["steps"] = .strings(steps)
        machine["builder"] = .object(builder)
        return ImageAssembly(
            kind: image.image.kind,
            settings: image.image.config,
            layers: [],
            machine: .object(machine),
            timestamp: plan.timestamp,
            platform: image.platform(onHost: plan.architecture),
            stamp: image.image.config.stamp ? stamp : [:]
        )
    }
}
