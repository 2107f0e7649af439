import AWS
package import Bakefiles
import HTTPTransport
import OCI
import Store
package import SystemIO

/// Bakes one machine image on a machine of EC2.
///
/// The machine is started from a source AMI, the step bundles are applied to it by Run Command, and its disk becomes an AMI.
/// Nobody logs in to it, and no port of it is open.
///
/// What an account has already is found, not made again. What a killed run has begun is gone on with: a machine of ours that
/// still runs, a command that is on its way. In the end nothing is left but the AMI and its snapshot.
package struct InstanceBake: Sendable {
    /// One step bundle of the image, in the store.
    package struct Bundle: Sendable, Hashable {
        /// The step's address: `run-2`.
        package var step: String
        package var digest: Digest
        package var size: Int64

        package init(step: String, digest: Digest, size: Int64) {
            self.step = step
            self.digest = digest
            self.size = size
        }
    }

    let registration: ImageRegistration
    let builder: BuilderInstance
    /// The id of the AMI that the machine is started from.
    let source: String
    let staged: StepBundles.Staged
    let place: PreparedRegion
    /// What to do where the source AMI cannot be used, in words; nil where it is looked up each time.
    package var renewal: String?

    /// `registration` says what is made, for whom and in whose account.
    package init(
        _ registration: ImageRegistration,
        on builder: BuilderInstance,
        from source: String,
        applying staged: StepBundles.Staged,
        in place: PreparedRegion
    ) {
        self.registration = registration
        self.builder = builder
        self.source = source
        self.staged = staged
        self.place = place
    }

    var region: String { place.name }
    var bundles: [Bundle] { staged.bundles }
    var session: AWSSession { registration.session }
    var store: ArtifactStore { registration.store }
    var name: MachineName { registration.name }
    var ec2: EC2 { EC2(session, region: region) }
    var journal: InstanceBakeJournal { InstanceBakeJournal(store, account: registration.account, region: region) }

    func say(_ text: String) { registration.say("\(region): \(text)") }

    /// Makes the AMI, or finds it.
    ///
    /// Throws `InstanceBakeError` where the machine or a step failed: then all is taken back. What comes from elsewhere, a
    /// cancellation too, leaves the machine as it is, for the next run to go on with.
    package func run() async throws -> PlacedImage {
        let journal = journal
        let lock = try await journal.lock(name.text)
        defer { lock.release() }
        try await removeSuperseded()
        var record: InstanceBakeRecord
        switch try await begin(after: try await BlockingPool.shared.run { try journal.record(name.text) }) {
        case .there(let placed): return placed
        case .ours(let begun): record = begun
        }
        do {
            let ami = try await make(&record)
            let placed = try await registration.available(ami, in: place, isFound: false)
            try await end(record)
            return placed
        } catch let error where error is InstanceBakeError || error is RegistrationError {
            // The first cause is what the user has to know, not that something could not be taken back either.
            do { try await end(record) } catch { sayWhatStays(record) }
            throw error
        } catch {
            sayWhatStays(record)
            throw error
        }
    }

    /// From a machine that may not be there yet to the id of its AMI.
    private func make(_ record: inout InstanceBakeRecord) async throws -> String {
        if record.instance == nil { try await start(&record) }
        guard let instance = record.instance else { preconditionFailure("a machine is started before it is used") }
        try await waitForAgent(instance, record)
        while record.applied < bundles.count { try await apply(record.applied, on: instance, &record) }
        if record.applied == bundles.count { try await clean(instance, &record) }
        try await stop(instance)
        do {
            let ami = try await ec2.createImage(
                of: instance,
                name: name.text,
                description: registration.description,
                tags: name.tags + registration.tags + registration.givenTags
            )
            say("\(ami) is made of \(instance)")
            return ami
        } catch let error as ServiceError where error.code == "InvalidAMIName.Duplicate" {
            return try await registration.listed(in: place).ami
        }
    }

    // MARK: The end

    /// Takes back all that a bake made, but for what it was made for.
    func end(_ record: InstanceBakeRecord) async throws {
        if let instance = record.instance {
            try await ec2.terminate(instance, isYoung: isYoung(record))
            say("\(instance) is ended")
            if record.command != nil { try await waitForEnd(of: instance) }
        } else {
            // The call that starts it may have been made, and its answer lost.
            for found in try await ec2.instances(tagged: Tag(key: Self.bakeTag, value: record.identifier)) {
                try await ec2.terminate(found.id)
                say("\(found.id) is ended")
            }
        }
        let bucket = S3(session, region: region, bucket: record.bucket)
        do {
            for object in try await bucket.objects(prefix: record.prefix) { try await bucket.delete(object.key) }
        } catch let error as ServiceError where error.code == "NoSuchBucket" {
            // Somebody removed it with all that was in it.
        }
        let journal = journal
        try await BlockingPool.shared.run { try journal.remove(record) }
    }

    /// What a killed run left of an earlier state of the image, which nobody will go on with.
    private func removeSuperseded() async throws {
        let journal = journal
        let records = try await BlockingPool.shared.run { try journal.records() }
        for record in records
        where record.name != name.text && record.project == name.project && record.image == name.image {
            guard let lock = try await BlockingPool.shared.run({ try journal.tryLock(record.name) }) else { continue }
            defer { lock.release() }
            // Somebody may have ended it while we looked.
            let current = try await BlockingPool.shared.run { try journal.record(record.name) }
            do {
                if let current { try await end(current) }
            } catch let error as ServiceError {
                // It is in nobody's way.
                say("what an earlier bake left cannot be taken back: \(error)")
            }
        }
    }

    private func sayWhatStays(_ record: InstanceBakeRecord) {
        let machine = record.instance.map { "\($0) stays" } ?? "a machine may have been started, and stays"
        // One that is stopped cannot end itself.
        let isStopped = record.applied > bundles.count
        let until = isStopped ? "" : " until \(Timestamp.text(seconds: record.deadline)) at the latest"
        let end = isStopped ? "go on with it, or 'ovenbird orphans' to end it" : "go on with it"
        say("\(machine)\(until); run the command again to \(end)")
    }

    // MARK: Names

    /// What the machine carries beside the tags of the image: which bake it is of.
    static let bakeTag = "\(MachineName.prefix)bake"
    /// And when it ends itself, by which others find one that did not.
    static let deadlineTag = "\(MachineName.prefix)deadline"
    /// And for which AMI, by which others find that somebody is at it.
    static let targetTag = "\(MachineName.prefix)baking"

    /// Another plan is another bake.
    var plan: Digest {
        let parts: [JSONValue] =
            [
                .string(source), .string(builder.profile), .string(builder.bucket), .string(builder.subnet ?? ""),
                .strings(builder.securityGroups), .strings(builder.types), .bool(builder.isSpot),
                .strings(bundles.map(\.digest.description)), .string(place.key ?? ""), .integer(Int64(volumeSize ?? 0)),
            ] + registration.givenTags.map { .string($0.text) }
        return Digester.digest(of: JSONValue.array(parts).canonicalBytes)
    }

    func identifier(started: Int64, after known: InstanceBakeRecord?) -> String {
        let parts = [registration.account, region, name.text, String(started), known?.identifier ?? ""]
        return String(Digester.digest(of: JSONValue.strings(parts).canonicalBytes).hex.prefix(32))
    }
}
