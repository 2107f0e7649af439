import OCI

extension World {
    mutating func createTags(_ call: Invocation) throws(Failure) -> Outcome {
        let new = try Tags.read(call.items("Tags")).get()
        return try changeTags(call) { tags in tags.merge(new) { _, new in new } }
    }

    /// Without tags all go; a tag with a value goes only where it has that value.
    mutating func deleteTags(_ call: Invocation) throws(Failure) -> Outcome {
        let gone = call.items("Tags")
        return try changeTags(call) { tags in
            if gone.isEmpty { tags = [:] }
            for item in gone {
                let key = item["Key"]?.stringValue ?? ""
                if let value = item["Value"]?.stringValue, tags[key] != value { continue }
                tags[key] = nil
            }
        }
    }

    private mutating func changeTags(
        _ call: Invocation,
        _ change: (inout [String: String]) -> Void
    ) throws(Failure) -> Outcome {
        let ids = call.texts("Resources")
        // All or nothing.
        for id in ids {
            if id.hasPrefix("ami-") {
                _ = try image(id, call)
            } else if id.hasPrefix("snap-") {
                _ = try ownSnapshot(id, call)
            } else if id.hasPrefix("i-") {
                _ = try instance(id, call)
            } else if id.hasPrefix("lt-") {
                _ = try launchTemplate(id: id, call)
            } else {
                throw .ec2("InvalidID", "The ID '\(id)' is not valid")
            }
        }
        for id in ids {
            let region = self[call.region]
            var tags =
                region.images[id]?.tags ?? region.snapshots[id]?.tags ?? region.instances[id]?.tags
                ?? region.launchTemplates[id]?.tags ?? [:]
            change(&tags)
            if tags.count > 50 {
                throw .ec2("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
            }
            self[call.region].images[id]?.tags = tags
            self[call.region].snapshots[id]?.tags = tags
            self[call.region].instances[id]?.tags = tags
            self[call.region].launchTemplates[id]?.tags = tags
        }
        return .xml([XML("return", true)])
    }

    mutating func describeTags(_ call: Invocation) throws(Failure) -> Outcome {
        let filters = try Filter.all(call, known: ["key", "resource-id", "resource-type", "value"])
        let region = self[call.region]
        let images = region.images.values.filter { $0.owner == call.account }.map { ($0.id, "image", $0.tags) }
        let snapshots = region.snapshots.values.filter { $0.owner == call.account }
            .map { ($0.id, "snapshot", $0.tags) }
        let instances = region.instances.values.filter { $0.owner == call.account }
            .map { ($0.id, "instance", $0.tags) }
        let templates = region.launchTemplates.values.filter { $0.owner == call.account }
            .map { ($0.id, "launch-template", $0.tags) }
        let all = (images + snapshots + instances + templates).sorted { $0.0 < $1.0 }.flatMap { id, type, tags in
            tags.sorted { $0.key < $1.key }.compactMap { key, value -> [XML]? in
                let fields = ["key": [key], "resource-id": [id], "resource-type": [type], "value": [value]]
                guard filters.allSatisfy({ $0.fits(fields, [key: value]) }) else { return nil }
                return [XML("resourceId", id), XML("resourceType", type), XML("key", key), XML("value", value)]
            }
        }
        let page = try paged(all, call)
        return .xml([.items("tagSet", page.items)] + [page.next].compactMap(\.self))
    }
}
