import OCI
import SystemIO

extension World {
    /// A snapshot that the caller may use through the EBS direct APIs, which public ones are not.
    mutating func directSnapshot(_ id: String, _ call: Invocation) throws(Failure) -> Snapshot {
        guard var snapshot = self[call.region].snapshots[id], isKnown(since: snapshot.startTime, call) else {
            throw .ebsUnknown(id)
        }
        if snapshot.unknownRequests > 0 {
            snapshot.unknownRequests -= 1
            self[call.region].snapshots[id] = snapshot
            throw .ebsUnknown(id)
        }
        if snapshot.isPublic { throw .ebsInvalid("Public snapshots are not supported", "INVALID_SNAPSHOT_ID") }
        guard snapshot.isReadable(by: call.account) else { throw Service.ebs.denied(call.operation.name, to: call.arn) }
        return snapshot
    }

    /// A snapshot that takes blocks.
    mutating func writableSnapshot(_ id: String, _ call: Invocation) throws(Failure) -> Snapshot {
        let snapshot = try directSnapshot(id, call)
        guard snapshot.owner == call.account else { throw Service.ebs.denied(call.operation.name, to: call.arn) }
        switch snapshot.state {
        case .pending: return snapshot
        case .error: throw .ebsInvalid("The snapshot was given up: nothing came for too long", "WRITE_REQUEST_TIMEOUT")
        case .sealing, .completed: throw .ebsInvalid("The snapshot '\(id)' is not pending", "INVALID_SNAPSHOT_ID")
        }
    }

    mutating func startSnapshot(_ call: Invocation) throws(Failure) -> Outcome {
        let token = call.text("ClientToken").map {
            Token(operation: "StartSnapshot", account: call.account, region: call.region, text: $0)
        }
        if let token, let known = tokens[token] {
            guard known.parameters == call.parameters else {
                throw Failure(409, "ConflictException", "The client token was used with other parameters.")
            }
            let status = behaviour.usedTokenStatus
            if let snapshot = self[call.region].snapshots[known.id] {
                return .json(201, Self.document(snapshot, status: status))
            }
            if behaviour.tokensOutliveSnapshots {
                return .json(
                    201,
                    .object([
                        "SnapshotId": .string(known.id), "OwnerId": .string(call.account),
                        "Status": status.map(JSONValue.string),
                    ])
                )
            }
        }
        let parent = try call.text("ParentSnapshotId").map { (id) throws(Failure) in try usableParent(id, call) }
        let key = try key(call, parent: parent)
        let size = call.number("VolumeSize") ?? 0
        if let parent, size < parent.volumeSize {
            throw .ebsInvalid("The volume is smaller than the parent's", "INVALID_VOLUME_SIZE")
        }
        let pending = self[call.region].snapshots.values.count { $0.owner == call.account && $0.state == .pending }
        if pending >= behaviour.pendingSnapshots {
            throw Failure(
                402,
                "ServiceQuotaExceededException",
                "There are \(pending) pending snapshots already.",
                reason: "DEPENDENCY_SERVICE_QUOTA_EXCEEDED"
            )
        }
        var tags: [String: String] = [:]
        switch Tags.read(call.items("Tags")) {
        case .success(let read): tags = read
        case .failure(let failure): throw .ebsInvalid(failure.message, "INVALID_TAG")
        }
        var snapshot = Snapshot(
            id: newID("snap"),
            owner: call.account,
            region: call.region,
            volumeSize: size,
            now: call.now,
            unknownRequests: behaviour.unknownSnapshotRequests,
            patience: Int64(call.number("Timeout") ?? 60) * 60,
            tags: tags
        )
        snapshot.description = call.text("Description")
        snapshot.key = key
        if let parent {
            snapshot.parent = parent.id
            snapshot.inherited = parent.content
            snapshot.lineage = parent.lineage
        }
        self[call.region].snapshots[snapshot.id] = snapshot
        if let token { tokens[token] = (call.parameters, snapshot.id) }
        return .json(201, Self.document(snapshot))
    }

    private mutating func usableParent(_ id: String, _ call: Invocation) throws(Failure) -> Snapshot {
        if call.parameters["Encrypted"] != nil || call.text("KmsKeyArn") != nil {
            throw .ebsInvalid("Encrypted and KmsKeyArn cannot be there together with ParentSnapshotId")
        }
        let parent = try directSnapshot(id, call)
        guard parent.state == .completed else {
            throw .ebsInvalid("The parent snapshot is not completed", "INVALID_SNAPSHOT_ID")
        }
        if behaviour.encryptsByDefault, parent.key == nil {
            throw .ebsInvalid("The parent is not encrypted, and the account encrypts by default", "INVALID_SNAPSHOT_ID")
        }
        return parent
    }

    private func key(_ call: Invocation, parent: Snapshot?) throws(Failure) -> String? {
        if let parent { return parent.key }
        let isEncrypted = call.parameters["Encrypted"]?.boolValue
        if let key = call.text("KmsKeyArn") {
            guard isEncrypted == true else { throw .ebsInvalid("KmsKeyArn needs Encrypted") }
            guard key.split(separator: ":", omittingEmptySubsequences: false)[3] == call.region else {
                throw .ebsInvalid("The key is of another region", "INVALID_CUSTOMER_KEY")
            }
            guard let found = self.key(key, call.region, call.account), found.state == .enabled else {
                throw .ebsInvalid("The key '\(key)' does not exist or is not enabled", "INVALID_CUSTOMER_KEY")
            }
            guard mayUse(found, "kms:CreateGrant", by: call.account) else {
                var failure = Service.ebs.denied(call.operation.name, to: call.arn)
                failure.reason = "DEPENDENCY_ACCESS_DENIED"
                throw failure
            }
            return key
        }
        guard isEncrypted == true || behaviour.encryptsByDefault else { return nil }
        return Key.ofEBS(call.account, call.region).arn
    }

    private static func document(_ snapshot: Snapshot, status: String? = nil) -> JSONValue {
        .object([
            "SnapshotId": .string(snapshot.id),
            "OwnerId": .string(snapshot.owner),
            "Status": .string(status ?? snapshot.reportedState),
            "StartTime": .integer(snapshot.startTime),
            "VolumeSize": .integer(Int64(snapshot.volumeSize)),
            "BlockSize": .integer(Int64(Snapshot.blockSize)),
            "Description": snapshot.description.map(JSONValue.string),
            "Tags": snapshot.tags.isEmpty ? nil : Tags.json(snapshot.tags),
            "ParentSnapshotId": snapshot.parent.map(JSONValue.string),
            "KmsKeyArn": snapshot.key.map(JSONValue.string),
            "SseType": snapshot.key == nil ? nil : "sse-kms",
        ])
    }

    mutating func completeSnapshot(_ call: Invocation) throws(Failure) -> Outcome {
        let id = call.text("SnapshotId") ?? ""
        var snapshot = try writableSnapshot(id, call)
        guard call.number("ChangedBlocksCount") == snapshot.blocks.count else {
            throw .ebsInvalid("ChangedBlocksCount is not \(snapshot.blocks.count), which were put")
        }
        let parts = ["Checksum", "ChecksumAlgorithm", "ChecksumAggregationMethod"].map { call.text($0) }
        if parts.contains(where: { $0 != nil }) {
            guard !parts.contains(nil) else { throw .ebsInvalid("A part of the aggregated checksum is missing") }
            guard parts[0] == snapshot.aggregate else { throw .ebsInvalid("The aggregated checksum is another") }
        }
        snapshot.state = .sealing
        snapshot.sealingPolls = behaviour.sealingPolls
        snapshot.sealedAt = call.now + behaviour.sealingSeconds
        snapshot.settle(now: call.now)
        self[call.region].snapshots[id] = snapshot
        return .json(202, .object(["Status": .string(snapshot.reportedState)]))
    }
}

extension Snapshot {
    /// As whoever asks is told.
    var reportedState: String { state == .sealing ? State.pending.rawValue : state.rawValue }

    /// SHA-256 over the digests of all blocks that were put, in the order of their places.
    fileprivate var aggregate: String {
        var digester = Digester()
        for (_, digest) in blocks.sorted(by: { $0.key < $1.key }) { digester.update(digest.bytes) }
        return Base64.encode(digester.finish().bytes)
    }
}
