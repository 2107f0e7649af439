import OCI

extension World {
    mutating func copyImage(_ call: Invocation) throws(Failure) -> Outcome {
        let token = call.text("ClientToken").map {
            Token(operation: "CopyImage", account: call.account, region: call.region, text: $0)
        }
        if let token, let known = tokens[token] {
            guard known.parameters == call.parameters else {
                throw .ec2("IdempotentParameterMismatch", "The client token was used with other parameters.")
            }
            return .xml([XML("imageId", known.id)])
        }
        let name = try newImageName(call)
        let tags = try newTags(call, ["image", "snapshot"])
        if let minutes = call.number("SnapshotCopyCompletionDurationMinutes"), !minutes.isMultiple(of: 15) {
            throw .ec2Value(String(minutes), "snapshotCopyCompletionDurationMinutes", "It has to be a multiple of 15.")
        }
        if call.text("KmsKeyId") != nil, !call.flag("Encrypted") {
            throw .ec2("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted.")
        }
        let source = try copied(call)
        let id = newID("ami")
        var devices = source.devices
        for place in devices.indices {
            guard let snapshot = devices[place].snapshot else { continue }
            devices[place].snapshot = try copySnapshot(snapshot, of: source, to: id, tags["snapshot"] ?? [:], call)
            devices[place].isEncrypted = devices[place].isEncrypted || call.flag("Encrypted")
        }
        var image = Image(
            id: id,
            owner: call.account,
            region: call.region,
            name: name,
            rootDevice: source.rootDevice,
            devices: devices,
            now: call.now
        )
        image.describe(source)
        image.description = call.text("Description")
        image.tags = (call.flag("CopyImageTags") ? source.tags : [:]).merging(tags["image"] ?? [:]) { _, new in new }
        add(image, call)
        if let token { tokens[token] = (call.parameters, id) }
        return .xml([XML("imageId", id)])
    }

    private mutating func copied(_ call: Invocation) throws(Failure) -> Image {
        let (id, region) = (call.text("SourceImageId") ?? "", call.text("SourceRegion") ?? "")
        guard Self.regionNames.contains(region) else {
            throw .ec2Value(region, "SourceRegion", "It is not a valid region.")
        }
        try checkID(id, "ami-", "InvalidAMIID.Malformed")
        guard let source = self[region].images[id] else { throw .ec2Unknown(image: id) }
        guard source.isReadable(by: call.account) else { throw .ec2("AuthFailure", "Not authorized for image:\(id)") }
        guard source.isAvailable(now: call.now) else {
            throw .ec2("InvalidAMIID.Unavailable", "The image '\(id)' is not available")
        }
        return source
    }

    /// A copy has the content, and nothing of the line of parents.
    private mutating func copySnapshot(
        _ id: String,
        of source: Image,
        to image: String,
        _ tags: [String: String],
        _ call: Invocation
    ) throws(Failure) -> String {
        guard let original = self[source.region].snapshots[id], original.isReadable(by: call.account) else {
            throw .ec2("InvalidRequest", "You do not have permission to access the storage of this ami")
        }
        if original.key != nil, original.owner != call.account, original.hasDefaultKey {
            throw .ec2("InvalidRequest", "The given key of the storage of this ami is not accessible")
        }
        var copy = Snapshot(
            id: newID("snap"),
            owner: call.account,
            region: call.region,
            volumeSize: original.volumeSize,
            now: call.now,
            tags: tags
        )
        copy.description =
            "Copied for DestinationAmi \(image) from SourceAmi \(source.id) for SourceSnapshot \(id)."
        copy.blocks = original.content
        if original.key != nil || call.flag("Encrypted") || behaviour.encryptsByDefault {
            copy.key = call.text("KmsKeyId") ?? Snapshot.defaultKey(call.region, call.account)
        }
        copy.state = .completed
        self[call.region].snapshots[copy.id] = copy
        return copy.id
    }
}

extension Image {
    fileprivate mutating func describe(_ source: Image) {
        architecture = source.architecture
        virtualization = source.virtualization
        bootMode = source.bootMode
        tpmSupport = source.tpmSupport
        uefiData = source.uefiData
        imdsSupport = source.imdsSupport
        hasENA = source.hasENA
        sriov = source.sriov
        kernel = source.kernel
        ramdisk = source.ramdisk
        sourceImage = source.id
        sourceRegion = source.region
        root = source.root
    }
}
