import OCI
import Synchronization
import SystemIO
package import SystemPackage

extension FakeAWS {
    // MARK: Networks and profiles

    /// Adds a VPC with a subnet and interface endpoints: `["ssm", "ssmmessages", "ec2messages", "s3"]`.
    package func addNetwork(
        _ way: Network.Way,
        endpoints: Set<String> = [],
        mapsPublicAddresses: Bool = true,
        region: String = "eu-west-1",
        of account: Account? = nil
    ) -> (vpc: String, subnet: String, group: String) {
        let owner = (account ?? accounts[0]).id
        return state.withLock { world in
            let known = world.networks(region, owner)
            let network = world.newNetwork(
                way,
                endpoints: endpoints,
                isDefault: false,
                mapsPublicAddresses: mapsPublicAddresses
            )
            world[region].networks[owner] = known + [network]
            return (network.vpc, network.subnet, network.group)
        }
    }

    /// Adds a profile for instances, or puts it in the place of that of the same name.
    package func add(_ profile: InstanceProfile, to account: Account? = nil) {
        let owner = (account ?? accounts[0]).id
        state.withLock { world in
            world.profiles[owner, default: []].removeAll { $0.name == profile.name }
            world.profiles[owner, default: []].append(profile)
        }
    }

    // MARK: Images and instances

    /// Adds an image that instances start from; gives its id.
    ///
    /// They have copies of `root`, which stays as it is; without one they start, and no agent answers in them. The
    /// image belongs to an account that need not be one of the fake's.
    @discardableResult
    package func addImage(
        name: String,
        owner: String? = nil,
        region: String = "eu-west-1",
        root: FilePath? = nil,
        architecture: String = "x86_64",
        bootMode: String? = "uefi-preferred",
        isPublic: Bool = true,
        size: Int = 8
    ) -> String {
        let owner = owner ?? accounts[0].id
        return state.withLock { world in
            let snapshot = world.newID("snap")
            world[region].snapshots[snapshot] = Snapshot(
                id: snapshot,
                owner: owner,
                region: region,
                volumeSize: size,
                now: clock.now
            )
            world[region].snapshots[snapshot]?.state = .completed
            var device = Image.Device("/dev/xvda")
            device.snapshot = snapshot
            device.size = size
            device.type = "gp3"
            var image = Image(
                id: world.newID("ami"),
                owner: owner,
                region: region,
                name: name,
                rootDevice: device.name,
                devices: [device],
                now: clock.now
            )
            image.architecture = architecture
            image.virtualization = "hvm"
            image.bootMode = bootMode
            image.hasENA = true
            image.isPublic = isPublic
            image.root = root
            world[region].images[image.id] = image
            return image.id
        }
    }

    /// Says what is in an image of which the fake knows only the disk, as in one that a client has registered.
    package func setRoot(_ root: FilePath, ofImage id: String) {
        state.withLock { world in
            for region in world.regions.keys { world[region].images[id]?.root = root }
        }
    }

    /// The folder with all files of an image; nil where the fake has none, or not all of them yet.
    package func tree(ofImage id: String) -> FilePath? {
        state.withLock { world in
            for region in world.regions.keys { world.settle(region, now: clock.now) }
            return world.regions.values.compactMap { $0.images[id] }.first { !$0.isCopying }?.root
        }
    }

    /// The folder with all files of an instance.
    package func tree(ofInstance id: String) -> FilePath? {
        guard machines.tree(id) == .ready else { return nil }
        return try? machines.path(id)
    }

    /// The instances of an account in a region, by their ids; those that have ended stay.
    package func instances(_ region: String, of account: Account? = nil) -> [Instance] {
        let owner = (account ?? accounts[0]).id
        return state.withLock { world in
            world.settle(region, now: clock.now)
            return world[region].instances.values.filter { $0.owner == owner }
        }.sorted { $0.id < $1.id }
    }

    package func instance(_ id: String) -> Instance? {
        state.withLock { world in
            for region in world.regions.keys { world.settle(region, now: clock.now) }
            return world.regions.values.compactMap { $0.instances[id] }.first
        }
    }

    /// Whether any machine has something to do, which takes this computer's time and not that of the fake's clock.
    package var isBusy: Bool { machines.isBusy }

    // MARK: What happens to instances

    /// Shuts an instance down as from within, which stops or ends it, as it was started to.
    package func shutDown(_ id: String) {
        end(id, "Client.InstanceInitiatedShutdown") { $0.endsOnShutdown ? .shuttingDown : .stopping }
    }

    /// Takes an instance of the spot market away.
    package func interrupt(_ id: String) { end(id, "Server.SpotInstanceTermination") { _ in .shuttingDown } }

    /// Ends an instance as somebody else would, whether it runs or is stopped.
    package func terminate(_ id: String) {
        state.withLock { world in
            for region in world.regions.keys {
                guard let instance = world[region].instances[id], instance.state != .terminated else { continue }
                world.leave(instance, for: .shuttingDown, "Client.UserInitiatedShutdown")
            }
        }
    }

    private func end(_ id: String, _ reason: String, _ next: (Instance) -> Instance.State) {
        state.withLock { world in
            for region in world.regions.keys {
                guard let instance = world[region].instances[id], instance.state == .running else { continue }
                world.leave(instance, for: next(instance), reason)
            }
        }
    }
}
