import HTTPTransport
import OCI
package import SystemIO

extension EBS {
    /// A block that a snapshot has.
    package struct StoredBlock: Sendable, Hashable {
        /// Its place, counted in blocks from 0.
        package var index: Int
        /// What it is read with; good for seven days.
        package var token: String

        package init(index: Int, token: String) {
            self.index = index
            self.token = token
        }
    }

    /// The blocks that a completed snapshot has, those of its parents among them, in order; others were never written.
    package func blocks(of snapshot: String) async throws -> [StoredBlock] {
        var found: [StoredBlock] = []
        var token: String?
        while true {
            var call = ServiceCall(.ebs, "ListSnapshotBlocks", .get, path: "/snapshots/\(snapshot)/blocks")
            call.query = [("maxResults", "10000")] + (token.map { [("pageToken", $0)] } ?? [])
            let (page, answer) = try await session.json(call, in: region)
            // Blocks of another size are at other places.
            guard page["BlockSize"]?.integerValue == Int64(Self.blockSize), let blocks = page["Blocks"]?.arrayValue
            else { throw session.unreadable(call, region, answer) }
            for block in blocks {
                guard let index = block["BlockIndex"]?.integerValue, let key = block["BlockToken"]?.stringValue,
                    index > Int64(found.last?.index ?? -1)
                else { throw session.unreadable(call, region, answer) }
                found.append(StoredBlock(index: Int(index), token: key))
            }
            // A page may be empty and not be the last one.
            guard let next = page["NextToken"]?.stringValue, !next.isEmpty else { return found }
            if next == token { throw session.endless(call, region) }
            token = next
        }
    }

    /// The digest of what is in a block, which is read for it whole: no call tells it alone.
    package func digest(of block: StoredBlock, in snapshot: String) async throws -> Digest {
        var call = ServiceCall(.ebs, "GetSnapshotBlock", .get, path: "/snapshots/\(snapshot)/blocks/\(block.index)")
        call.query = [("blockToken", block.token)]
        let answer = try await session.send(call, in: region)
        let digest = Digester.digest(of: answer.body)
        let told = answer.headers["x-amz-Checksum"]
        guard answer.body.count == Self.blockSize, told == nil || told == Base64.encode(digest.bytes) else {
            throw ServiceError(
                call,
                region: region,
                status: 200,
                code: "wrong checksum",
                message: "block \(block.index) of \(snapshot) arrived as something else"
            )
        }
        return digest
    }

    /// Source: Amazon EBS direct APIs Reference, StartSnapshot, `BlockSize`: the only size that there is.
    private static let blockSize = 512 << 10
}
