import OCI
import Synchronization
import SystemIO

extension FakeAWS {
    func putSnapshotBlock(_ call: Invocation) throws(Failure) -> Outcome {
        let size = Snapshot.blockSize
        guard call.number("DataLength") == size, call.body.count == size else {
            throw .ebsInvalid("A block has \(size) bytes, not \(call.body.count)", "INVALID_BLOCK")
        }
        guard let checksum = call.text("Checksum"), checksum == Base64.encode(call.bodyDigest.bytes) else {
            throw .ebsInvalid("The checksum of the block is another", "INVALID_BLOCK")
        }
        do { try blocks.store(call.body, call.bodyDigest) } catch { throw Service.ebs.broken(500) }
        try state.withLock { (world) throws(Failure) in
            let (id, index) = (call.text("SnapshotId") ?? "", call.number("BlockIndex") ?? 0)
            world[call.region].snapshots[id]?.settle(now: call.now)
            let snapshot = try world.writableSnapshot(id, call)
            guard index < snapshot.blockCount else {
                throw .ebsInvalid("The volume has \(snapshot.blockCount) blocks", "INVALID_BLOCK")
            }
            // In place: a copy of the dictionary for every block would be its undoing.
            world.put(call.bodyDigest, at: index, of: id, call)
        }
        return .bytes(
            201,
            headers: ["x-amz-Checksum": checksum, "x-amz-Checksum-Algorithm": "SHA256"],
            body: []
        )
    }

    func getSnapshotBlock(_ call: Invocation) throws(Failure) -> Outcome {
        let digest = try state.withLock { (world) throws(Failure) in
            let (id, index) = (call.text("SnapshotId") ?? "", call.number("BlockIndex") ?? 0)
            world[call.region].snapshots[id]?.settle(now: call.now)
            let snapshot = try world.readableSnapshot(id, call)
            guard BlockToken(call.text("BlockToken") ?? "")?.isFor(id, index, now: call.now) == true else {
                throw .ebsInvalid("The block token is not for this block, or is too old", "INVALID_BLOCK_TOKEN")
            }
            guard let digest = snapshot.blocks[index] ?? snapshot.inherited[index] else {
                throw .ebsInvalid("There is no block \(index)", "INVALID_BLOCK")
            }
            return digest
        }
        guard let block = try? blocks.block(digest) else { throw Service.ebs.broken(500) }
        let headers = [
            "x-amz-Data-Length": String(block.count),
            "x-amz-Checksum": Base64.encode(digest.bytes),
            "x-amz-Checksum-Algorithm": "SHA256",
            "content-type": "application/octet-stream",
        ]
        return .bytes(200, headers: headers, body: block)
    }
}

extension World {
    fileprivate mutating func put(_ digest: Digest, at index: Int, of id: String, _ call: Invocation) {
        self[call.region].snapshots[id]?.blocks[index] = digest
        self[call.region].snapshots[id]?.lastWrite = call.now
    }
}
