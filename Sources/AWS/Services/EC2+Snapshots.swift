extension EC2 {
    /// A snapshot as it is now.
    package struct Snapshot: Sendable, Hashable, Decodable {
        package enum State: String, Sendable, Hashable, Decodable {
            case pending
            case completed
            case error
            case recoverable
            case recovering
        }

        package var snapshotId: String
        package var status: State
        /// Why it failed, where it did.
        package var statusMessage: String?
        /// GiB.
        package var volumeSize: Int
        /// The ARN of what it is encrypted with.
        package var kmsKeyId: String?
    }

    /// The snapshot; nil where there is none.
    ///
    /// What was started a moment ago may be none, too.
    package func snapshot(_ id: String) async throws -> Snapshot? {
        var form = QueryForm("DescribeSnapshots", version: Self.version)
        form.add("SnapshotId", list: [id])
        do {
            let answer: Answer = try await session.xml(call("DescribeSnapshots", form), in: region)
            return answer.snapshotSet.items.first
        } catch let error as ServiceError where error.code == "InvalidSnapshot.NotFound" {
            return nil
        }
    }

    private struct Answer: Decodable { var snapshotSet: Items<Snapshot> }
}
