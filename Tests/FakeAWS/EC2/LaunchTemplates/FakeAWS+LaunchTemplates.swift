import OCI
import Synchronization

extension FakeAWS {
    /// The launch templates of an account in a region, by their names.
    package func launchTemplates(_ region: String, of account: Account? = nil) -> [LaunchTemplate] {
        let owner = (account ?? accounts[0]).id
        let all = state.withLock { $0[region].launchTemplates.values.filter { $0.owner == owner } }
        return all.sorted { $0.name < $1.name }
    }

    /// Lets there be a launch template with one version.
    package func addLaunchTemplate(_ name: String, image: String, region: String = "eu-west-1") {
        let (owner, now) = (accounts[0].id, clock.now)
        state.withLock { world in
            let version = LaunchTemplate.Version(
                number: 1,
                data: .object(["ImageId": .string(image)]),
                user: "",
                date: now
            )
            let id = world.newID("lt")
            world[region].launchTemplates[id] =
                LaunchTemplate(id: id, name: name, owner: owner, region: region, versions: [version])
        }
    }
}
