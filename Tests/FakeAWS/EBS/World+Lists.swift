import OCI
import SystemIO

extension World {
    mutating func readableSnapshot(_ id: String, _ call: Invocation) throws(Failure) -> Snapshot {
        let snapshot = try directSnapshot(id, call)
        guard snapshot.state == .completed else {
            throw .ebsInvalid("The snapshot '\(id)' is not completed", "INVALID_SNAPSHOT_ID")
        }
        return snapshot
    }

    mutating func listSnapshotBlocks(_ call: Invocation) throws(Failure) -> Outcome {
        let id = call.text("SnapshotId") ?? ""
        let snapshot = try readableSnapshot(id, call)
        let page = try page(of: Array(snapshot.content.keys), list: id, call)
        let blocks = page.indices.map { index in
            JSONValue.object(["BlockIndex": .integer(Int64(index)), "BlockToken": token(id, index, page)])
        }
        return .json(200, document("Blocks", blocks, page, snapshot))
    }

    mutating func listChangedBlocks(_ call: Invocation) throws(Failure) -> Outcome {
        let (firstID, secondID) = (call.text("FirstSnapshotId"), call.text("SecondSnapshotId") ?? "")
        let second = try readableSnapshot(secondID, call)
        let first = try firstID.map { (id) throws(Failure) in try readableSnapshot(id, call) }
        if let first, first.lineage != second.lineage {
            throw .ebsInvalid("The snapshots are not of one line", "UNRELATED_SNAPSHOTS")
        }
        let (old, new) = (first?.content ?? [:], second.content)
        let changed = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
        let page = try page(of: Array(changed), list: "\(firstID ?? "-"),\(secondID)", call)
        let blocks = page.indices.map { index in
            JSONValue.object([
                "BlockIndex": .integer(Int64(index)),
                "FirstBlockToken": old[index].flatMap { _ in firstID.map { token($0, index, page) } },
                "SecondBlockToken": new[index].map { _ in token(secondID, index, page) },
            ])
        }
        return .json(200, document("ChangedBlocks", blocks, page, second))
    }

    private struct Page {
        var indices: [Int]
        var next: JSONValue?
        var serial: Int
        var expires: Int64
    }

    private mutating func page(of indices: [Int], list: String, _ call: Invocation) throws(Failure) -> Page {
        var start = call.number("StartingBlockIndex") ?? 0
        if let text = call.text("NextToken") {
            guard let position = BlockToken(text)?.position(in: list, now: call.now) else {
                throw .ebsInvalid("The page token is not of this list, or is too old", "INVALID_PAGE_TOKEN")
            }
            start = position
        }
        let count = call.number("MaxResults") ?? 10_000
        let rest = indices.filter { $0 >= start }.sorted()
        let serial = newSerial()
        let next = rest.dropFirst(count).first.map { index in
            JSONValue.string(BlockToken(list, index, expires: call.now + 3600, serial: serial).text)
        }
        return Page(indices: Array(rest.prefix(count)), next: next, serial: serial, expires: call.now + 7 * 86_400)
    }

    private func token(_ id: String, _ index: Int, _ page: Page) -> JSONValue {
        .string(BlockToken(id, index, expires: page.expires, serial: page.serial).text)
    }

    private func document(_ name: String, _ blocks: [JSONValue], _ page: Page, _ snapshot: Snapshot) -> JSONValue {
        var members: [String: JSONValue] = [
            name: .array(blocks),
            "ExpiryTime": .integer(page.expires),
            "VolumeSize": .integer(Int64(snapshot.volumeSize)),
            "BlockSize": .integer(Int64(Snapshot.blockSize)),
        ]
        members["NextToken"] = page.next
        return .object(members)
    }
}
