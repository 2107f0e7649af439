package import HTTPTransport
import OCI
package import SystemIO

/// The EBS direct APIs: snapshots that are written block by block, without an instance and without a volume.
///
/// Source: Amazon EBS direct APIs Reference, version 2019-11-02.
package struct EBS: Sendable {
    let session: AWSSession
    package let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    /// What was started a moment ago is not known everywhere yet.
    private static let unknownYet: Set<String> = ["ResourceNotFoundException"]

    package struct NewSnapshot: Sendable, Hashable {
        /// GiB.
        package var volumeSize: Int
        /// What is not written is as it is there.
        package var parent: String?
        /// The ARN of what it is encrypted with; with a parent, whatever that is encrypted with.
        package var key: String?
        package var description: String
        package var tags: [Tag]
        /// The same call with the same token starts nothing new; at most 64 characters.
        package var token: String
        /// The service gives the snapshot up when nothing was written for so many minutes.
        package var timeoutMinutes: Int

        package init(
            volumeSize: Int,
            parent: String?,
            key: String?,
            description: String,
            tags: [Tag],
            token: String,
            timeoutMinutes: Int = 60
        ) {
            self.volumeSize = volumeSize
            self.parent = parent
            self.key = key
            self.description = description
            self.tags = tags
            self.token = token
            self.timeoutMinutes = timeoutMinutes
        }
    }

    /// What the service says of a snapshot that it has started, now or by an earlier call with the same token.
    package struct StartedSnapshot: Sendable, Hashable {
        package var id: String
        /// Nil where the service does not say it.
        ///
        /// What an earlier call started may be complete, given up or gone by now.
        package var status: EC2.Snapshot.State?
    }

    /// Starts a snapshot.
    package func start(_ new: NewSnapshot) async throws -> StartedSnapshot {
        // With a parent neither of both may be said.
        let key = new.parent == nil ? new.key : nil
        let body = JSONValue.object([
            "Encrypted": key.map { _ in .bool(true) },
            "KmsKeyArn": key.map(JSONValue.string),
            "VolumeSize": .integer(Int64(new.volumeSize)),
            "ParentSnapshotId": new.parent.map(JSONValue.string),
            "Description": .string(new.description),
            "Tags": .array(new.tags.map { .object(["Key": .string($0.key), "Value": .string($0.value)]) }),
            "ClientToken": .string(new.token),
            "Timeout": .integer(Int64(new.timeoutMinutes)),
        ])
        let call = ServiceCall(
            .ebs,
            "StartSnapshot",
            path: "/snapshots",
            headers: ["Content-Type": "application/json"],
            body: body.canonicalBytes
        )
        let answer = try await session.send(call, in: region)
        let document = try? JSONValue.parse(answer.body)
        guard let id = document?["SnapshotId"]?.stringValue else { throw session.unreadable(call, region, answer) }
        let status = document?["Status"]?.stringValue.flatMap { EC2.Snapshot.State(rawValue: $0) }
        return StartedSnapshot(id: id, status: status)
    }

    /// Writes a block whole; what was written there before is replaced.
    ///
    /// `block` has 512 KiB, the only size that there is, and `digest` is theirs.
    package func put(_ block: BodyBuffer, digest: Digest, at index: Int, of snapshot: String) async throws {
        let checksum = Base64.encode(digest.bytes)
        var call = ServiceCall(
            .ebs,
            "PutSnapshotBlock",
            .put,
            path: "/snapshots/\(snapshot)/blocks/\(index)",
            headers: [
                "Content-Type": "application/octet-stream",
                "x-amz-Data-Length": String(block.count),
                "x-amz-Checksum": checksum,
                "x-amz-Checksum-Algorithm": "SHA256",
            ],
            mayBeUnknownYet: Self.unknownYet
        )
        call.body = .buffer(block)
        let answer = try await session.send(call, in: region)
        guard answer.headers["x-amz-Checksum"] == checksum else {
            throw ServiceError(
                call,
                region: region,
                status: 200,
                code: "wrong checksum",
                message: "block \(index) of \(snapshot) arrived as something else"
            )
        }
    }

    /// Says that all blocks are there: those with these digests, in the order of their places.
    ///
    /// Source of the aggregate: EBS User Guide, "Use checksums with the EBS direct APIs": linear.
    package func complete(_ snapshot: String, digests: [Digest]) async throws {
        var digester = Digester()
        for digest in digests { digester.update(digest.bytes) }
        var headers: HeaderFields = ["x-amz-ChangedBlocksCount": String(digests.count)]
        if !digests.isEmpty {
            headers["x-amz-Checksum"] = Base64.encode(digester.finish().bytes)
            headers["x-amz-Checksum-Algorithm"] = "SHA256"
            headers["x-amz-Checksum-Aggregation-Method"] = "LINEAR"
        }
        let call = ServiceCall(
            .ebs,
            "CompleteSnapshot",
            path: "/snapshots/completion/\(snapshot)",
            headers: headers,
            mayBeUnknownYet: Self.unknownYet
        )
        _ = try await session.send(call, in: region)
    }
}
