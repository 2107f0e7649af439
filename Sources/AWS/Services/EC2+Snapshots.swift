import OCI

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
        private var startTime: String?
        private var tagSet: Items<Tag>?

        /// When it was started: seconds since 1970; nil where the service does not say.
        package var started: Int64? { startTime.flatMap { Timestamp.seconds($0) } }
        package var tags: [Tag] { tagSet?.items ?? [] }
    }

    /// The snapshot; nil where there is none.
    ///
    /// What was started a moment ago may be none, too.
    package func snapshot(_ id: String) async throws -> Snapshot? {
        do {
            return try await snapshots { $0.add("SnapshotId", list: [id]) }.first
        } catch let error as ServiceError where error.code == "InvalidSnapshot.NotFound" {
            return nil
        }
    }

    /// The account's own snapshots with a tag.
    package func ownSnapshots(tagged tag: Tag) async throws -> [Snapshot] {
        try await snapshots { form in
            form.add(filters: ["tag:\(tag.key)": [Self.literal(tag.value)]])
            form.add("Owner", list: ["self"])
            form.add("MaxResults", 1000)
        }
    }

    private func snapshots(_ choose: (inout QueryForm) -> Void) async throws -> [Snapshot] {
        try await list(Page.self, "DescribeSnapshots", choose)
    }

    private struct Page: ListPage {
        var snapshotSet: Items<Snapshot>
        var nextToken: String?
        var items: [Snapshot] { snapshotSet.items }
        var next: String? { nextToken }
    }
}
