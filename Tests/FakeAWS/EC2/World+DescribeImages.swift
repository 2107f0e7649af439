import OCI

extension World {
    private static let imageFilters: Set<String> = [
        "architecture", "block-device-mapping.snapshot-id", "creation-date", "description", "image-id", "image-type",
        "is-public", "name", "owner-id", "root-device-name", "root-device-type", "source-image-id",
        "source-image-region", "state", "virtualization-type",
    ]

    mutating func describeImages(_ call: Invocation) throws(Failure) -> Outcome {
        let ids = call.texts("ImageIds")
        if !ids.isEmpty, call.number("MaxResults") != nil {
            throw .ec2(
                "InvalidParameterCombination",
                "The parameter imageIdSet cannot be used with the parameter maxResults"
            )
        }
        let filters = try Filter.all(call, known: Self.imageFilters)
        let owners = call.texts("Owners").map { $0 == "self" ? call.account : $0 }
        let users = call.texts("ExecutableUsers").map { $0 == "self" ? call.account : $0 }
        for owner in owners where !Self.aliases.contains(owner) && owner.utf8.count != 12 {
            throw .ec2("InvalidUserID.Malformed", "Invalid user id: \"\(owner)\"")
        }
        var found: [Image] = []
        for id in ids { found.append(try image(id, call, isRead: true)) }
        if ids.isEmpty {
            for id in self[call.region].images.keys.sorted() {
                if let image = try? image(id, call, isRead: true) { found.append(image) }
            }
        }
        found = found.filter { image in
            (owners.isEmpty || owners.contains(image.owner))
                && users.allSatisfy { $0 == "all" ? image.isPublic : image.users.contains($0) }
                && isListed(image, !ids.isEmpty || call.flag("IncludeDeprecated"), call)
        }
        for image in found where image.isCopying { try checkCopy(image.id) }
        // Each answer counts, also the one that a filter reads.
        let seen = found.map { ($0, poll($0, call)) }
        let chosen = seen.filter { image, state in filters.allSatisfy { $0.fits(image.fields(state), image.tags) } }
        let page = try paged(chosen, call)
        let items = page.items.map { image, state in image.xml(state, isOwn: image.owner == call.account) }
        return .xml([.items("imagesSet", items)] + [page.next].compactMap(\.self))
    }

    private static let aliases: Set<String> = ["amazon", "aws-marketplace", "aws-backup-vault"]

    private func isListed(_ image: Image, _ withDeprecated: Bool, _ call: Invocation) -> Bool {
        guard let deprecation = image.deprecation, deprecation <= call.now else { return true }
        return withDeprecated || image.owner == call.account
    }

    /// What the fake itself could not do is no state of an image.
    func checkCopy(_ id: String) throws(Failure) {
        if case .failed(let why) = machines.tree(id) {
            throw Failure(500, "InternalError", "The fake cannot copy the files of \(id): \(why)")
        }
    }

    private mutating func poll(_ image: Image, _ call: Invocation) -> Image.State {
        if image.hasFailed(now: call.now) { return .failed }
        return self[call.region].images[image.id]?.polledIsAvailable(now: call.now) == true ? .available : .pending
    }
}

extension Image {
    /// What whoever asks is told.
    fileprivate enum State: String {
        case pending
        case available
        case failed
    }

    fileprivate func fields(_ state: State) -> [String: [String]] {
        [
            "architecture": [architecture],
            "block-device-mapping.snapshot-id": state != .pending ? devices.compactMap(\.snapshot) : [],
            "creation-date": [dateText(creationTime)], "description": [description ?? ""], "image-id": [id],
            "image-type": ["machine"], "is-public": [isPublic ? "true" : "false"], "name": [name],
            "owner-id": [owner], "root-device-name": [rootDevice], "root-device-type": ["ebs"],
            "source-image-id": sourceImage.map { [$0] } ?? [],
            "source-image-region": sourceRegion.map { [$0] } ?? [],
            "state": [state.rawValue], "virtualization-type": [virtualization],
        ]
    }

    fileprivate func xml(_ state: State, isOwn: Bool) -> [XML] {
        let reason = [XML("code", "Client.ImageFailure"), XML("message", failure)].compactMap(\.self)
        let elements: [XML?] = [
            XML("imageId", id),
            XML("imageLocation", "\(owner)/\(name)"),
            XML("imageState", state.rawValue),
            state == .failed ? XML("stateReason", reason) : nil,
            XML("imageOwnerId", owner),
            XML("creationDate", dateText(creationTime)),
            XML("isPublic", isPublic),
            XML("architecture", architecture),
            XML("imageType", "machine"),
            XML("kernelId", kernel),
            XML("ramdiskId", ramdisk),
            XML("platformDetails", "Linux/UNIX"),
            XML("usageOperation", "RunInstances"),
            XML("sriovNetSupport", sriov),
            hasENA ? XML("enaSupport", true) : nil,
            XML("name", name),
            XML("description", description),
            XML("rootDeviceType", "ebs"),
            XML("rootDeviceName", rootDevice),
            .items("blockDeviceMapping", devices.map { $0.xml(state != .pending) }),
            XML("virtualizationType", virtualization),
            isOwn && !tags.isEmpty ? Tags.xml(tags) : nil,
            XML("hypervisor", "xen"),
            XML("bootMode", bootMode),
            XML("tpmSupport", tpmSupport),
            XML("imdsSupport", imdsSupport),
            XML("deprecationTime", deprecation.map(dateText)),
            XML("deregistrationProtection", "disabled"),
            isOwn ? XML("lastLaunchedTime", lastLaunch.map(dateText)) : nil,
            XML("sourceInstanceId", sourceInstance),
            XML("sourceImageId", sourceImage),
            XML("sourceImageRegion", sourceRegion),
        ]
        return elements.compactMap(\.self)
    }
}

extension Image.Device {
    /// The snapshot is not named before the image is available.
    func xml(_ isAvailable: Bool) -> [XML] {
        if let virtualName { return [XML("deviceName", name), XML("virtualName", virtualName)] }
        let ebs = [
            XML("deleteOnTermination", deletesOnTermination),
            XML("iops", iops.map { String($0) }),
            XML("snapshotId", isAvailable ? snapshot : nil),
            XML("volumeSize", size.map { String($0) }),
            XML("volumeType", type),
            XML("throughput", throughput.map { String($0) }),
            XML("encrypted", isEncrypted),
            XML("volumeInitializationRate", initializationRate.map { String($0) }),
        ]
        return [XML("deviceName", name), XML("ebs", ebs.compactMap(\.self))]
    }
}
