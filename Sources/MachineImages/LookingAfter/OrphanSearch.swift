package import AWS
package import Store
import SystemIO

/// Finds, by their tags, what dead runs of a project left in one region of one account, and by their names what its bakes
/// left in buckets, and removes it.
package struct OrphanSearch: Sendable {
    private let session: AWSSession
    private let project: String
    private let region: String
    private let buckets: [String]
    private let now: Int64
    private let registrations: RegistrationJournal
    private let bakes: InstanceBakeJournal

    /// `buckets` are those of the region in which bakes have objects.
    package init(
        session: AWSSession,
        store: ArtifactStore,
        account: String,
        project: String,
        region: String,
        buckets: [String],
        now: Int64
    ) {
        self.session = session
        self.project = project
        self.region = region
        self.buckets = buckets
        self.now = now
        registrations = RegistrationJournal(store, account: account, region: region)
        bakes = InstanceBakeJournal(store, account: account, region: region)
    }

    /// All orphans; nothing is changed.
    ///
    /// A bucket that cannot be looked into hides nothing else.
    package func find() async throws -> Outcome {
        let ec2 = EC2(session, region: region)
        let tag = Tag(key: MachineName.projectTag, value: project)
        let snapshots = try await ec2.ownSnapshots(tagged: tag)
            .compactMap { OrphanRule.OwnSnapshot($0) }
        // After the snapshots: what is registered between both has its snapshot in the list of AMIs.
        let images = try await OwnImage.all(of: project, in: region, session)
        let used = try await ec2.ownImages(ofSnapshots: snapshots.filter { $0.status == .completed }.map(\.id))
            .filter { !OrphanRule.hasFailed($0.state) }.flatMap(\.snapshots)
        let records = try await BlockingPool.shared.run { try registrations.records() }
        let rule = OrphanRule(now: now, kept: KeptSnapshots(records, project: project))
        let machines = try await ec2.instances(tagged: tag).compactMap { OrphanRule.Machine($0) }
        let begun = try await BlockingPool.shared.run { try bakes.records() }
        var found = Outcome(
            orphans: rule.orphans(machines, bakes: Set(begun.map(\.identifier)), in: region)
                + rule.orphans(images, snapshots, used: Set(used), in: region)
        )
        for bucket in buckets {
            do {
                found.orphans += try await objects(in: bucket, rule, begun)
            } catch let error as ServiceError where !error.isOfCredentials {
                found.failures.append(("what bakes left in the bucket '\(bucket)' could not be looked for", error))
            }
        }
        return found
    }

    /// What is in a bucket.
    private func objects(
        in bucket: String,
        _ rule: OrphanRule,
        _ begun: [InstanceBakeRecord]
    ) async throws -> [Orphan] {
        let ec2 = EC2(session, region: region)
        var found: [Orphan] = []
        for objects in try await BakeObjects.all(of: project, in: S3(session, region: region, bucket: bucket)) {
            // After the objects, which a machine is there before.
            let machines = try await ec2.instances(tagged: Tag(key: InstanceBake.bakeTag, value: objects.identifier))
            let record = begun.first { $0.identifier == objects.identifier }
            found.append(rule.orphan(objects, machines: machines.map(\.id), record, in: region))
        }
        return found
    }

    /// All orphans, and what could not be done.
    package struct Outcome: Sendable {
        package fileprivate(set) var orphans: [Orphan]
        package fileprivate(set) var failures: [(what: String, error: ServiceError)] = []
    }

    /// Removes orphans, told of each as soon as it is gone; gives all, with what stays after all.
    ///
    /// One that the service does not remove keeps no other one.
    ///
    /// Nothing is registered by this store in the region meanwhile.
    package func remove(done: @Sendable (Orphan) -> Void) async throws -> Outcome {
        let lock = try await registrations.lock()
        defer { lock.release() }
        var outcome = try await find()
        // AMIs come first, and so a snapshot is free before it goes.
        for place in outcome.orphans.indices where outcome.orphans[place].goes {
            let orphan = outcome.orphans[place]
            do {
                try await remove(orphan)
                done(orphan)
            } catch let error as ServiceError where orphan.kind == .snapshot && error.code == "InvalidSnapshot.InUse" {
                outcome.orphans[place].reasons = [error.message]
            } catch let error as ServiceError {
                outcome.orphans[place].reasons = ["it could not be removed"]
                outcome.failures.append(("\(orphan.id) in \(region) could not be removed", error))
            }
        }
        return outcome
    }

    private func remove(_ orphan: Orphan) async throws {
        let ec2 = EC2(session, region: region)
        switch orphan.kind {
        case .image: try await ec2.deregister(orphan.id)
        case .instance: try await ec2.terminate(orphan.id)
        case .objects: try await orphan.objects?.remove(session, region: region)
        case .snapshot: try await ec2.delete(snapshot: orphan.id)
        }
    }
}
