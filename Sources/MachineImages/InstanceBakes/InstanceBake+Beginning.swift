import AWS
import HTTPTransport
import OCI
import SystemIO

extension InstanceBake {
    /// What a run finds to do.
    enum Beginning: Sendable {
        /// Nothing: the AMI is there.
        case there(PlacedImage)
        /// What a killed run left and whose machine is still good, or a new bake, which is noted and not started yet.
        case ours(InstanceBakeRecord)
    }

    /// Waits for whoever is at it already; a machine of our own comes before theirs.
    ///
    /// Whatever was awaited, somebody may have begun meanwhile, so all is looked at again until nobody has.
    ///
    /// Throws `InstanceBakeError.busy` where somebody's machine should have ended by itself, and did not.
    func begin(after found: InstanceBakeRecord?) async throws -> Beginning {
        var known = found
        while true {
            if let placed = try await existing(orEnd: known) { return .there(placed) }
            if let left = known, try await !isGood(left) {
                try await end(left)
                known = nil
            }
            if let left = known, let machine = try await machine(of: left) {
                say("goes on with \(machine)")
                return .ours(left)
            }
            if let other = try await other(than: found) {
                if let placed = try await made(on: other) {
                    if let known { try await end(known) }
                    return .there(placed)
                }
                continue
            }
            if let known {
                say("goes on with what was begun")
                return .ours(known)
            }
            try await preflight()
            if try await other(than: found) != nil { continue }
            let record = newRecord(after: found)
            try await note(record)
            return .ours(record)
        }
    }

    /// The AMI that is there; then nobody goes on with what was begun, nor where it failed.
    private func existing(orEnd known: InstanceBakeRecord?) async throws -> PlacedImage? {
        do {
            guard let placed = try await registration.existing(in: place) else { return nil }
            if let known { try await end(known) }
            return placed
        } catch let error as RegistrationError {
            if let known { try await end(known) }
            throw error
        }
    }

    /// The id of the machine, whose start may have lost its answer.
    private func machine(of record: InstanceBakeRecord) async throws -> String? {
        if let instance = record.instance { return instance }
        return try await ec2.instances(tagged: Tag(key: Self.bakeTag, value: record.identifier)).first?.id
    }

    // MARK: Others

    /// The machine of somebody with another store that bakes the same image.
    ///
    /// One of ours that was just ended may still be listed.
    func other(than known: InstanceBakeRecord?) async throws -> EC2.Instance? {
        try await others().first { other in
            !other.tags.contains { $0.key == Self.bakeTag && $0.value == known?.identifier }
        }
    }

    /// The machines that bake the same image, whoever started them.
    private func others() async throws -> [EC2.Instance] {
        try await ec2.instances(tagged: Tag(key: Self.targetTag, value: name.identity.description))
    }

    /// Throws `InstanceBakeError.busy` where somebody's machine should have ended by itself.
    func checkDeadline(of other: EC2.Instance) throws {
        let end = other.tags.first { $0.key == Self.deadlineTag }.flatMap { Timestamp.seconds($0.value) }
        if end.map({ $0 < session.clock.now() }) ?? true {
            throw InstanceBakeError.busy(instance: other.id, region: region, name: name.text)
        }
    }

    /// The AMI that somebody is about to make, once it is there; nil where their machine ended without.
    private func made(on other: EC2.Instance) async throws -> PlacedImage? {
        say("\(other.id) bakes '\(name.text)' already, for somebody with another store, who shares the AMI")
        let waiter = Waiter(patience: registration.patience, clock: session.clock)
        return try await waiter.wait(for: "\(region): the AMI of \(other.id)", say: registration.say) {
            let isThere = try await others().contains { $0.id == other.id }
            // In this order: their machine ends after the AMI is there.
            do {
                if let placed = try await registration.existing(in: place) { return .done(placed) }
            } catch RegistrationError.unusable(let ami, _, let reason) {
                throw InstanceBakeError.failedElsewhere(instance: other.id, region: region, ami: ami, reason)
            }
            if !isThere { return .done(nil) }
            try checkDeadline(of: other)
            return .pending("is not there yet")
        }
    }
}
