import AWS

/// What a bake on a machine of EC2 has in a bucket: what the machine is sent, and what it says.
struct BakeObjects: Sendable, Hashable {
    var bucket: String
    var project: String
    /// Of the bake.
    var identifier: String
    var count: Int
    /// When the last of them came: seconds since 1970; nil where that is not known of each.
    var newest: Int64?

    private var prefix: String { "\(InstanceBakeRecord.folder(of: project))\(identifier)/" }

    var address: String { "s3://\(bucket)/\(prefix)" }

    /// Those of all bakes of a project that have any; what is not named as objects of its bakes are is somebody else's.
    ///
    /// None where there is no such bucket.
    static func all(of project: String, in bucket: S3) async throws -> [BakeObjects] {
        let folder = InstanceBakeRecord.folder(of: project)
        let listed: [S3.Object]
        do {
            listed = try await bucket.objects(prefix: folder)
        } catch let error as ServiceError where error.code == "NoSuchBucket" {
            return []
        }
        let byBake = Dictionary(grouping: listed) { identifier(in: $0.key.dropFirst(folder.count)) }
        return byBake.compactMap { identifier, objects in
            guard let identifier else { return nil }
            let dates = objects.compactMap(\.modified)
            return BakeObjects(
                bucket: bucket.bucket,
                project: project,
                identifier: identifier,
                count: objects.count,
                newest: dates.count == objects.count ? dates.max() : nil
            )
        }.sorted { $0.identifier < $1.identifier }
    }

    /// The bake that an object is of, by what follows the folder; nil for a name that no bake gives.
    private static func identifier(in rest: Substring) -> String? {
        guard let end = rest.firstIndex(of: "/") else { return nil }
        let name = rest[..<end]
        let isOne =
            name.utf8.count == 32 && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isOne ? String(name) : nil
    }

    /// Removes all that is there now, one by one: a run that is killed leaves the rest.
    func remove(_ session: AWSSession, region: String) async throws {
        let bucket = S3(session, region: region, bucket: bucket)
        for object in try await bucket.objects(prefix: prefix) { try await bucket.delete(object.key) }
    }
}

extension OrphanRule {
    /// What a bake has in a bucket, which may go once nobody bakes on any more; `machines` are those of the bake that are
    /// there, and `record` is what this store knows of it.
    ///
    /// A bake lasts for two days at most, so whoever put older objects is done, with a machine that nobody sees here too.
    func orphan(
        _ objects: BakeObjects,
        machines: [String],
        _ record: InstanceBakeRecord?,
        in region: String
    ) -> Orphan {
        var reasons = machines.sorted().map { "\($0) is its machine" }
        if let record, now < record.deadline + Self.machineGrace {
            reasons.append("a bake of this store goes on with it")
        }
        if let youth = youth(objects.newest) { reasons.append(youth) }
        return Orphan(
            kind: .objects,
            region: region,
            id: objects.address,
            image: record?.image ?? "-",
            version: nil,
            since: objects.newest,
            state: objects.count == 1 ? "1 object" : "\(objects.count) objects",
            reasons: reasons,
            objects: objects
        )
    }
}
