import OCI

extension World {
    /// An image that the caller owns, or with `isRead` may use.
    mutating func image(_ id: String, _ call: Invocation, isRead: Bool = false) throws(Failure) -> Image {
        try checkID(id, "ami-", "InvalidAMIID.Malformed")
        guard var image = self[call.region].images[id] else {
            if self[call.region].deregistered.contains(id) {
                throw .ec2("InvalidAMIID.Unavailable", "The image ID '\(id)' is no longer available")
            }
            throw .ec2Unknown(image: id)
        }
        guard isKnown(since: image.creationTime, call) else { throw .ec2Unknown(image: id) }
        if image.unknownRequests > 0 {
            image.unknownRequests -= 1
            self[call.region].images[id] = image
            throw .ec2Unknown(image: id)
        }
        guard isRead ? image.isReadable(by: call.account) : image.owner == call.account else {
            throw .ec2("AuthFailure", "Not authorized for image:\(id)")
        }
        return image
    }

    /// Whether what was made then is known everywhere by now.
    func isKnown(since made: Int64, _ call: Invocation) -> Bool { call.now >= made + behaviour.unknownSeconds }

    /// A snapshot that the caller owns.
    mutating func ownSnapshot(_ id: String, _ call: Invocation) throws(Failure) -> Snapshot {
        let snapshot = try existingSnapshot(id, call)
        guard snapshot.owner == call.account else { throw .ec2("AuthFailure", "Not authorized for snapshot:\(id)") }
        return snapshot
    }

    mutating func existingSnapshot(_ id: String, _ call: Invocation) throws(Failure) -> Snapshot {
        try checkID(id, "snap-", "InvalidSnapshotID.Malformed")
        guard var snapshot = self[call.region].snapshots[id], isKnown(since: snapshot.startTime, call) else {
            throw .ec2Unknown(snapshot: id)
        }
        if snapshot.unknownRequests > 0 {
            snapshot.unknownRequests -= 1
            self[call.region].snapshots[id] = snapshot
            throw .ec2Unknown(snapshot: id)
        }
        return snapshot
    }

    /// The tags of what is made, by the type of what they are for.
    func newTags(_ call: Invocation, _ types: Set<String>) throws(Failure) -> [String: [String: String]] {
        var result: [String: [String: String]] = [:]
        for item in call.items("TagSpecifications") {
            let type = item["ResourceType"]?.stringValue ?? ""
            guard types.contains(type) else {
                throw .ec2Value(type, "ResourceType", "It is not a valid taggable resource type for this operation.")
            }
            let tags = try Tags.read(item["Tags"]?.arrayValue ?? []).get()
            guard result.updateValue(tags, forKey: type) == nil else {
                throw .ec2Value(type, "ResourceType", "There are two tag specifications for it.")
            }
        }
        return result
    }
}
