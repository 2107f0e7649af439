import AWS
import Bakefiles
import Diagnostics
import HTTPTransport
import MachineImages
import OCI

/// The repositories that a push needs and the Bakefile wants made.
enum ECRRepositories {
    /// Makes those that are not there; the rest of a push needs no rights for it.
    ///
    /// `repositories` are names with their hosts.
    static func make(_ repositories: [String], project: String, _ session: AWSSession) async throws {
        for name in repositories {
            let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2, let registry = ECRRegistry(host: parts[0]) else {
                throw InvalidInput(
                    Diagnostic(
                        "'\(name)' is in no registry of AWS, and cannot be made",
                        .badReference,
                        fix: "write the host as AWS shows it, or remove 'create'"
                    )
                )
            }
            let ecr = ECR(session, registry)
            if try await ecr.hasRepository(parts[1]) { continue }
            try await ecr.createRepository(parts[1], tags: [Tag(key: MachineName.projectTag, value: project)])
            Console.say("'\(name)' is made, with tags that never change")
        }
    }
}

extension Bakefile {
    /// The repositories among these that are made where they are missing.
    func madeRepositories(of targets: [PushRecipe.Target]) -> [String] {
        let wanted = Set(images.flatMap(\.destinations).filter(\.isMade).map(\.repository))
        return Array(Set(targets.map(\.reference.name)).intersection(wanted)).sorted()
    }
}
