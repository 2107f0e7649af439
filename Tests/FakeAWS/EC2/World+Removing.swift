import OCI

extension World {
    mutating func deregisterImage(_ call: Invocation) throws(Failure) -> Outcome {
        let image = try image(call.text("ImageId") ?? "", call)
        self[call.region].images[image.id] = nil
        self[call.region].deregistered.insert(image.id)
        guard call.flag("DeleteAssociatedSnapshots") else { return .xml([XML("return", true)]) }
        let mayDelete = !behaviour.denied.contains("ec2:DeleteSnapshot")
        let results = image.devices.compactMap(\.snapshot).map { id in
            let isUsed = user(of: id, call) != nil
            if mayDelete, !isUsed { self[call.region].snapshots[id] = nil }
            let result = mayDelete ? (isUsed ? "skipped" : "success") : "missing-permissions"
            return [XML("snapshotId", id), XML("returnCode", result)]
        }
        return .xml([XML("return", true), .items("deleteSnapshotResultSet", results)])
    }

    mutating func deleteSnapshot(_ call: Invocation) throws(Failure) -> Outcome {
        let snapshot = try ownSnapshot(call.text("SnapshotId") ?? "", call)
        if let image = user(of: snapshot.id, call) {
            throw .ec2("InvalidSnapshot.InUse", "The snapshot \(snapshot.id) is currently in use by \(image)")
        }
        // Whatever was started on it keeps what it inherited.
        self[call.region].snapshots[snapshot.id] = nil
        return .xml([XML("return", true)])
    }

    /// An image that would be nothing without the snapshot.
    private func user(of snapshot: String, _ call: Invocation) -> String? {
        self[call.region].images.values.filter { $0.devices.contains { $0.snapshot == snapshot } }.map(\.id).min()
    }

    mutating func enableImageDeprecation(_ call: Invocation) throws(Failure) -> Outcome {
        let image = try image(call.text("ImageId") ?? "", call)
        let text = call.text("DeprecateAt") ?? ""
        let date = Timestamp.seconds(text) ?? 0
        // Ten years, and not before now.
        guard date > call.now, date <= call.now + 3653 * 86_400 else {
            throw .ec2Value(text, "deprecateAt", "It has to be in the future, and at most 10 years from now.")
        }
        self[call.region].images[image.id]?.deprecation = (date + 30) / 60 * 60
        return .xml([XML("return", true)])
    }

    mutating func disableImageDeprecation(_ call: Invocation) throws(Failure) -> Outcome {
        let image = try image(call.text("ImageId") ?? "", call)
        self[call.region].images[image.id]?.deprecation = nil
        return .xml([XML("return", true)])
    }
}
