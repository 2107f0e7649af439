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
        try checkCopy(call, "SnapshotCopyCompletionDurationMinutes")
        try checkRunningCopies(call)
        let source = try copied(call)
        let id = newID("ami")
        var devices = source.devices
        var failure: String?
        for place in devices.indices {
            guard let snapshot = devices[place].snapshot else { continue }
            let copy = try copySnapshot(snapshot, of: source, to: id, tags["snapshot"] ?? [:], call)
            devices[place].snapshot = copy.id
            devices[place].isEncrypted = copy.key != nil
            failure = failure ?? copy.failure
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
        image.failure = failure
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

    private mutating func copySnapshot(
        _ id: String,
        of source: Image,
        to image: String,
        _ tags: [String: String],
        _ call: Invocation
    ) throws(Failure) -> Snapshot {
        guard let original = self[source.region].snapshots[id], original.isReadable(by: call.account) else {
            throw .ec2("InvalidRequest", "You do not have permission to access the storage of this ami")
        }
        if let key = original.key, original.owner != call.account, isManagedByAWS(key, original.region) {
            throw .ec2("InvalidRequest", "The given key of the storage of this ami is not accessible")
        }
        var copy = copy(of: original, tags, call)
        copy.description =
            "Copied for DestinationAmi \(image) from SourceAmi \(source.id) for SourceSnapshot \(id)."
        copy.state = copy.failure == nil ? .completed : .error
        self[call.region].snapshots[copy.id] = copy
        return copy
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
