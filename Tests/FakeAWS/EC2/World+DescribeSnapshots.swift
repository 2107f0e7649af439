import OCI

extension World {
    private static let snapshotFilters: Set<String> = [
        "description", "encrypted", "owner-id", "progress", "snapshot-id", "start-time", "status", "storage-tier",
        "volume-id", "volume-size",
    ]

    mutating func describeSnapshots(_ call: Invocation) throws(Failure) -> Outcome {
        let ids = call.texts("SnapshotIds")
        if !ids.isEmpty, call.number("MaxResults") != nil {
            throw .ec2(
                "InvalidParameterCombination",
                "The parameter snapshotSet cannot be used with the parameter maxResults"
            )
        }
        let filters = try Filter.all(call, known: Self.snapshotFilters)
        var found: [Snapshot] = []
        for id in ids {
            let snapshot = try existingSnapshot(id, call)
            guard snapshot.isReadable(by: call.account) else { throw .ec2Unknown(snapshot: id) }
            found.append(snapshot)
        }
        if ids.isEmpty {
            for id in self[call.region].snapshots.keys.sorted() {
                if let snapshot = try? existingSnapshot(id, call) { found.append(snapshot) }
            }
        }
        let owners = call.texts("OwnerIds").map { $0 == "self" ? call.account : $0 }
        let readers = call.texts("RestorableByUserIds").map { $0 == "self" ? call.account : $0 }
        found = found.filter { snapshot in
            snapshot.isReadable(by: call.account) && (owners.isEmpty || owners.contains(snapshot.owner))
                && readers.allSatisfy { $0 == "all" ? snapshot.isPublic : snapshot.isReadable(by: $0) }
                && filters.allSatisfy { $0.fits(snapshot.fields, snapshot.tags) }
        }
        let page = try paged(found, call)
        for snapshot in page.items {
            self[call.region].snapshots[snapshot.id]?.settle(now: call.now, isPoll: true)
        }
        return .xml([.items("snapshotSet", page.items.map(\.xml))] + [page.next].compactMap(\.self))
    }
}

extension Snapshot {
    fileprivate var progress: String {
        switch state {
        case .completed: "100%"
        case .sealing: "99%"
        case .pending, .error: ""
        }
    }

    /// What the volume is called of which there is none.
    private static let noVolume = "vol-ffffffff"

    fileprivate var fields: [String: [String]] {
        [
            "description": [description ?? ""], "encrypted": [key == nil ? "false" : "true"], "owner-id": [owner],
            "progress": [progress], "snapshot-id": [id], "start-time": [dateText(startTime)],
            "status": [reportedState], "storage-tier": ["standard"], "volume-id": [Self.noVolume],
            "volume-size": [String(volumeSize)],
        ]
    }

    fileprivate var xml: [XML] {
        [
            XML("snapshotId", id),
            XML("volumeId", Self.noVolume),
            XML("status", reportedState),
            XML("statusMessage", state == .error ? failure : nil),
            XML("startTime", dateText(startTime)),
            XML("progress", progress),
            XML("ownerId", owner),
            XML("volumeSize", volumeSize),
            XML("description", description ?? ""),
            XML("encrypted", key != nil),
            XML("kmsKeyId", key),
            tags.isEmpty ? nil : Tags.xml(tags),
            XML("storageTier", "standard"),
        ].compactMap(\.self)
    }
}
