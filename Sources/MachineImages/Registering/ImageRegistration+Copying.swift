import AWS
import Disks
import HTTPTransport
import OCI
import SystemIO

extension ImageRegistration {
    /// So many copies in turn may be lost before one run gives up.
    private static let mostCopies = 10

    /// Copies the AMI of another region into this one.
    package func copy(_ source: PlacedImage, to region: PreparedRegion) async throws -> PlacedImage {
        try await alone(in: region) { journal, failed in
            let ami = try await copied(source, to: region, beside: failed, journal)
            say("\(region.name): \(ami) is copied from \(source.ami) in \(source.region)")
            return ami
        }
    }

    /// Begins a copy, and gives its id.
    ///
    /// One that failed before, or that somebody removed, is begun anew: the same token would only ever give it again. One that
    /// fails now fails the run, as its cause may be a lasting one; the next run finds it among those that failed.
    private func copied(
        _ source: PlacedImage,
        to region: PreparedRegion,
        beside failed: Set<String>,
        _ journal: RegistrationJournal
    ) async throws -> String {
        var lost = try await BlockingPool.shared.run { [name] in
            let records = try journal.records()
            return records.filter { $0.name == name.text && $0.key == region.key && $0.source == source.ami }
                .max { $0.attempt < $1.attempt }
        }
        for _ in 0..<Self.mostCopies {
            let attempt = lost.map { $0.attempt + 1 } ?? 0
            let copy = copy(of: source, to: region, attempt: attempt)
            let ami = try await begin(copy, in: region, beside: failed)
            if !failed.contains(ami), try await isKnown(ami, in: region) { return ami }
            say("\(region.name): \(ami) \(failed.contains(ami) ? "failed" : "is not there any more"), and is replaced")
            lost = try await note(copy, attempt, region.key, inPlaceOf: lost, journal)
        }
        throw RegistrationError.failed(
            "the copy in \(region.name)",
            "\(Self.mostCopies) in turn had failed before or were removed"
        )
    }

    private func copy(of source: PlacedImage, to region: PreparedRegion, attempt: Int) -> EC2.ImageCopy {
        // The first has no number: the call of a killed run may be one of a time before there were any.
        let parts =
            [account, region.name, name.text, source.region, source.ami, region.key ?? ""]
            + (attempt == 0 ? [] : [String(attempt)]) + (tags + givenTags).map(\.text)
        return EC2.ImageCopy(
            name: name.text,
            description: description,
            source: source.ami,
            sourceRegion: source.region,
            key: region.key,
            tags: name.tags + tags + givenTags,
            snapshotTags: name.tags + givenTags,
            token: Digester.digest(of: JSONValue.strings(parts).canonicalBytes).hex
        )
    }

    /// Notes that a copy is lost, before another one is begun; what is noted of earlier ones is of no use any more.
    private func note(
        _ copy: EC2.ImageCopy,
        _ attempt: Int,
        _ key: String?,
        inPlaceOf earlier: RegistrationRecord?,
        _ journal: RegistrationJournal
    ) async throws -> RegistrationRecord {
        var record = RegistrationRecord(
            name: name.text,
            project: name.project,
            image: name.image,
            token: copy.token,
            started: session.clock.now(),
            attempt: attempt,
            key: key,
            // Of no size there is none.
            map: BlockMap(size: 1 << 30, blocks: [])
        )
        (record.isLost, record.source) = (true, copy.source)
        let lost = record
        try await BlockingPool.shared.run {
            try journal.write(lost, inPlaceOf: [earlier].compactMap(\.self))
            let same = try journal.records().filter { ($0.project, $0.image) == (lost.project, lost.image) }
            try journal.removeOld(same, beside: lost.name, now: lost.started)
        }
        return lost
    }

    /// Others may have so many copies on their way that the region takes no more of them now.
    ///
    /// Nobody outside of AWS knows whether the name of an AMI that failed is free.
    private func begin(
        _ copy: EC2.ImageCopy,
        in region: PreparedRegion,
        beside failed: Set<String>
    ) async throws -> String {
        let ec2 = EC2(session, region: region.name)
        let waiter = Waiter(patience: patience, clock: session.clock)
        return try await waiter.wait(for: "\(region.name): the copy of \(copy.source)", say: say) {
            do {
                return .done(try await ec2.copy(copy))
            } catch let error as ServiceError where error.isOfCopies {
                return .pending("cannot begin yet (\(error.message))")
            } catch let error as ServiceError where error.code == "InvalidAMIName.Duplicate" {
                guard let other = failed.min() else { throw error }
                let reason = "EC2 makes no other one of its name"
                throw RegistrationError.unusable(ami: other, region: region.name, reason: reason)
            }
        }
    }

    /// Whether there is an AMI that a token gave: a token may be known for longer than its AMI is there, and an AMI may not be
    /// known everywhere yet.
    private func isKnown(_ ami: String, in region: PreparedRegion) async throws -> Bool {
        let ec2 = EC2(session, region: region.name)
        let waiter = Waiter(patience: .seconds(RegistrationRecord.youth), clock: session.clock)
        do {
            return try await waiter.wait(for: "\(region.name): \(ami)", say: say) {
                switch try await ec2.image(ami)?.state {
                case nil: .pending("is not known")
                case .deregistered: .done(false)
                case .some: .done(true)
                }
            }
        } catch is WaitEnded {
            return false
        }
    }
}

extension ServiceError {
    /// Too many snapshots are on their way into the region; the same code says that there are too many AMIs, which does not
    /// pass.
    ///
    /// Source: EC2 API reference, "Error codes", and its message.
    fileprivate var isOfCopies: Bool { code == "ResourceLimitExceeded" && message.contains("in progress") }
}
