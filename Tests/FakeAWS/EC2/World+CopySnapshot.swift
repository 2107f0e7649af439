extension World {
    mutating func copySnapshot(_ call: Invocation) throws(Failure) -> Outcome {
        let tags = try newTags(call, ["snapshot"])["snapshot"] ?? [:]
        let original = try originalSnapshot(call)
        try checkCopy(call, "CompletionDurationMinutes")
        if original.key != nil, original.region != call.region, call.text("PresignedUrl") == nil {
            throw .ec2("MissingParameter", "The request must contain the parameter presignedUrl")
        }
        try checkRunningCopies(call)
        var copy = copy(of: original, tags, call)
        copy.description = call.text("Description") ?? ""
        copy.unknownRequests = behaviour.unknownSnapshotRequests
        copy.state = .sealing
        copy.sealingPolls = behaviour.sealingPolls
        copy.sealedAt = call.now + behaviour.sealingSeconds
        copy.settle(now: call.now)
        self[call.region].snapshots[copy.id] = copy
        return .xml([XML("snapshotId", copy.id), tags.isEmpty ? nil : Tags.xml(tags)].compactMap(\.self))
    }

    /// So many snapshots may be copied into a region at a time, those of images too.
    func checkRunningCopies(_ call: Invocation) throws(Failure) {
        let region = self[call.region]
        let alone = region.snapshots.values.count { $0.owner == call.account && $0.isCopy && $0.state == .sealing }
        let images = region.images.values.filter { image in
            image.owner == call.account && image.sourceImage != nil && image.sourceInstance == nil
                && image.failure == nil && !image.isAvailable(now: call.now)
        }
        let ofImages = images.flatMap(\.devices).count { $0.snapshot != nil }
        if alone + ofImages >= behaviour.snapshotCopies {
            throw .ec2(
                "ResourceLimitExceeded",
                "Too many snapshot copies in progress. The limit is \(behaviour.snapshotCopies) for this destination region."
            )
        }
    }

    /// What CopyImage and CopySnapshot refuse alike.
    func checkCopy(_ call: Invocation, _ duration: String) throws(Failure) {
        if let minutes = call.number(duration), !minutes.isMultiple(of: 15) {
            throw .ec2Value(String(minutes), duration, "It has to be a multiple of 15.")
        }
        if call.text("KmsKeyId") != nil, !call.flag("Encrypted") {
            throw .ec2("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted.")
        }
    }

    private func originalSnapshot(_ call: Invocation) throws(Failure) -> Snapshot {
        let (id, region) = (call.text("SourceSnapshotId") ?? "", call.text("SourceRegion") ?? "")
        guard Self.regionNames.contains(region) else {
            throw .ec2Value(region, "SourceRegion", "It is not a valid region.")
        }
        if let destination = call.text("DestinationRegion"), destination != call.region {
            throw .ec2Value(destination, "DestinationRegion", "The request was sent to \(call.region).")
        }
        try checkID(id, "snap-", "InvalidSnapshotID.Malformed")
        guard let original = self[region].snapshots[id], original.isReadable(by: call.account) else {
            throw .ec2Unknown(snapshot: id)
        }
        guard original.state == .completed else {
            throw .ec2("IncorrectState", "Snapshot '\(id)' is in invalid state - \(original.reportedState)")
        }
        return original
    }

    /// A copy has the content, and nothing of the line of parents.
    ///
    /// A key that cannot be used is found only later: the copy then ends in `error`.
    mutating func copy(of original: Snapshot, _ tags: [String: String], _ call: Invocation) -> Snapshot {
        var copy = Snapshot(
            id: newID("snap"),
            owner: call.account,
            region: call.region,
            volumeSize: original.volumeSize,
            now: call.now,
            tags: tags
        )
        copy.blocks = original.content
        copy.isCopy = true
        guard original.key != nil || call.flag("Encrypted") || behaviour.encryptsByDefault else { return copy }
        let chosen = call.text("KmsKeyId") ?? Key.ofEBS(call.account, call.region).arn
        let key = key(chosen, call.region, call.account)
        copy.key = key?.arn ?? chosen
        let keys = [(original.key, original.region, "kms:Decrypt"), (chosen, call.region, "kms:CreateGrant")]
        for case (let text?, let region, let action) in keys {
            guard let key = self.key(text, region, call.account), key.state == .enabled,
                mayUse(key, action, by: call.account)
            else {
                copy.failure = "Given key ID is not accessible"
                break
            }
        }
        return copy
    }
}
