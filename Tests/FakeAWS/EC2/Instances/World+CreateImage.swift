import OCI

extension World {
    mutating func createImage(_ call: Invocation) throws(Failure) -> Outcome {
        var instance = try instance(call.text("InstanceId") ?? "", call)
        let name = try newImageName(call)
        if let other = self[call.region].images.values.first(where: { $0.owner == call.account && $0.name == name }) {
            throw .ec2("InvalidAMIName.Duplicate", "AMI name \(name) is already in use by AMI \(other.id)")
        }
        let tags = try newTags(call, ["image", "snapshot"])
        guard [.running, .stopping, .stopped].contains(instance.state), instance.unstoppedRequests == 0 else {
            if instance.unstoppedRequests > 0 { self[call.region].instances[instance.id]?.unstoppedRequests -= 1 }
            throw .ec2(
                "InvalidParameterValue",
                "Invalid value '\(instance.id)' for instanceId. Instance is not in state 'running' or 'stopping' or "
                    + "'stopped'"
            )
        }
        if instance.state == .running, !call.flag("NoReboot") {
            // What runs does not survive the reboot.
            machines.killAll(instance.id)
            instance.agent.lostPolls = behaviour.lostAgentPolls
            self[call.region].instances[instance.id] = instance
        }
        let image = newImage(of: instance, name, tags, call)
        add(image, call)
        return .xml([XML("imageId", image.id)])
    }

    private mutating func newImage(
        of instance: Instance,
        _ name: String,
        _ tags: [String: [String: String]],
        _ call: Invocation
    ) -> Image {
        let id = newID("ami")
        var devices = instance.devices
        for place in devices.indices where devices[place].virtualName == nil {
            var snapshot = Snapshot(
                id: newID("snap"),
                owner: call.account,
                region: call.region,
                volumeSize: devices[place].size ?? 8,
                now: call.now,
                tags: tags["snapshot"] ?? [:]
            )
            snapshot.description = "Created by CreateImage(\(instance.id)) for \(id)"
            snapshot.state = .completed
            // As the volume is, which is as the snapshot was that it was made from, unless the launch says otherwise.
            let given = devices[place].snapshot.flatMap { self[call.region].snapshots[$0]?.key }
            if devices[place].isEncrypted {
                snapshot.key = devices[place].key ?? given ?? Key.ofEBS(call.account, call.region).arn
            }
            self[call.region].snapshots[snapshot.id] = snapshot
            devices[place].snapshot = snapshot.id
        }
        var image = Image(
            id: id,
            owner: call.account,
            region: call.region,
            name: name,
            rootDevice: instance.rootDevice,
            devices: devices,
            now: call.now
        )
        image.describe(self[call.region].images[instance.image], instance)
        image.description = call.text("Description")
        image.tags = tags["image"] ?? [:]
        if instance.hasTree, let source = try? machines.path(instance.id), let target = try? machines.path(id) {
            image.root = target
            image.isCopying = true
            machines.copy(source, to: id)
        }
        return image
    }
}

extension Image {
    /// Takes over what instances know of the image that they were started from, if it is still there.
    fileprivate mutating func describe(_ source: Image?, _ instance: Instance) {
        sourceInstance = instance.id
        sourceImage = instance.image
        sourceRegion = instance.region
        architecture = instance.architecture
        virtualization = "hvm"
        bootMode = source?.bootMode
        tpmSupport = source?.tpmSupport
        imdsSupport = source?.imdsSupport
        hasENA = source?.hasENA ?? true
        sriov = source?.sriov
    }
}
