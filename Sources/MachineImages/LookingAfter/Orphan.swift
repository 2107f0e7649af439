import AWS
import OCI

/// What looks as if a run that died had left it: a thing with a project's tags, or objects of a bake, that belong to nothing.
package struct Orphan: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// One that is only begun, and one that belongs to no AMI.
        case snapshot
        /// One that failed.
        case image = "ami"
        /// A machine that images are baked on.
        case instance
        /// What such a machine was sent, and what it said, in a bucket.
        case objects
    }

    package var kind: Kind
    package var region: String
    package var id: String
    package var image: String
    /// Nil for what does not say it.
    package var version: String?
    /// Seconds since 1970; nil where the service does not say.
    package var since: Int64?
    /// What is wrong with it, in words.
    package var state: String
    /// Why it stays all the same; none where it may go.
    package var reasons: [String]
    /// Nil for all other kinds.
    var objects: BakeObjects?

    package var goes: Bool { reasons.isEmpty }
}

/// Which things are orphans, and which of them may go: decided from what is known, without asking anybody.
struct OrphanRule: Sendable {
    /// Seconds since 1970.
    var now: Int64
    /// What this store's registrations need.
    var kept: KeptSnapshots

    /// Who is younger may be in somebody's work: seconds.
    ///
    /// The service gives a snapshot up an hour after its last block, and nobody says when that came: two days are enough for
    /// the slowest.
    static let grace: Int64 = 172_800

    struct OwnSnapshot: Sendable, Hashable {
        var id: String
        /// Of the AMI that it is made for.
        var name: String
        var image: String
        var version: String
        var started: Int64?
        var status: EC2.Snapshot.State

        /// Nil for one that does not say what it is.
        init?(_ found: EC2.Snapshot) {
            let tags = Dictionary(found.tags.map { ($0.key, $0.value) }) { first, _ in first }
            guard let image = tags[MachineName.imageTag], let version = tags[MachineName.versionTag] else { return nil }
            self.init(
                id: found.snapshotId,
                name: tags["Name"] ?? "",
                image: image,
                version: version,
                started: found.started,
                status: found.status
            )
        }

        init(
            id: String,
            name: String,
            image: String,
            version: String,
            started: Int64?,
            status: EC2.Snapshot.State
        ) {
            self.id = id
            self.name = name
            self.image = image
            self.version = version
            self.started = started
            self.status = status
        }
    }

    /// Those among the project's AMIs and snapshots of a region; `used` are snapshots that AMIs need.
    func orphans(_ images: [OwnImage], _ snapshots: [OwnSnapshot], used: Set<String>, in region: String) -> [Orphan] {
        let failed = images.filter { Self.hasFailed($0.state) }.map { image in
            Orphan(
                kind: .image,
                region: region,
                id: image.ami,
                image: image.image,
                version: image.version,
                since: image.created,
                state: image.state.rawValue,
                reasons: [youth(image.created)].compactMap(\.self)
            )
        }
        let filling = snapshots.filter { $0.status == .pending && reasons($0) != [] }
        return failed
            + snapshots.compactMap { snapshot in
                guard let state = state(snapshot, used) else { return nil }
                var reasons = reasons(snapshot)
                if snapshot.status == .completed {
                    reasons += filling.filter { $0.image == snapshot.image }
                        .map { "\($0.id), a snapshot of the same image, is being filled and may lie over it" }
                }
                // Pending ones do not name their snapshots; of copies both are pending, however long that takes.
                reasons += images.filter { $0.name == snapshot.name && $0.state == .pending }
                    .map { "\($0.ami), which is being made, may be of it" }
                return Orphan(
                    kind: .snapshot,
                    region: region,
                    id: snapshot.id,
                    image: snapshot.image,
                    version: snapshot.version,
                    since: snapshot.started,
                    state: state,
                    reasons: reasons
                )
            }
    }

    /// A machine that an image is baked on, as its tags say.
    struct Machine: Sendable, Hashable {
        var id: String
        var image: String
        /// Of the bake.
        var identifier: String
        /// When it ends itself: seconds since 1970.
        var deadline: Int64?
        var state: String

        init(id: String, image: String, identifier: String, deadline: Int64?, state: String) {
            self.id = id
            self.image = image
            self.identifier = identifier
            self.deadline = deadline
            self.state = state
        }

        /// Nil for one of another kind.
        init?(_ found: EC2.Instance) {
            let tags = Dictionary(found.tags.map { ($0.key, $0.value) }) { first, _ in first }
            guard let identifier = tags[InstanceBake.bakeTag] else { return nil }
            self.init(
                id: found.id,
                image: tags[MachineName.imageTag] ?? "-",
                identifier: identifier,
                deadline: tags[InstanceBake.deadlineTag].flatMap { Timestamp.seconds($0) },
                state: found.state.rawValue
            )
        }
    }

    /// A machine takes its time to end itself: seconds.
    static let machineGrace: Int64 = 600

    /// All of these machines, of which those that should have ended may go; `bakes` are those that this store goes on with.
    func orphans(_ machines: [Machine], bakes: Set<String>, in region: String) -> [Orphan] {
        machines.map { machine in
            var reasons: [String] = []
            if let deadline = machine.deadline {
                if now < deadline + Self.machineGrace {
                    if bakes.contains(machine.identifier) { reasons.append("a bake of this store goes on with it") }
                    reasons.append("it ends itself at \(Timestamp.text(seconds: deadline))")
                }
            } else {
                reasons.append("nobody says when it ends itself")
            }
            return Orphan(
                kind: .instance,
                region: region,
                id: machine.id,
                image: machine.image,
                version: nil,
                since: nil,
                state: machine.state,
                reasons: reasons
            )
        }
    }

    static func hasFailed(_ state: EC2.MachineImage.State) -> Bool { [.failed, .error, .invalid].contains(state) }

    /// What is wrong with a snapshot; nil where nothing is.
    private func state(_ snapshot: OwnSnapshot, _ used: Set<String>) -> String? {
        switch snapshot.status {
        case .pending: "begun"
        case .error: "failed"
        case .completed: used.contains(snapshot.id) ? nil : "of no AMI"
        // In the recycle bin, where the account wants it.
        case .recoverable, .recovering: nil
        }
    }

    private func reasons(_ snapshot: OwnSnapshot) -> [String] {
        // Nobody goes on with one that failed.
        let need = snapshot.status == .error ? nil : kept.reason(snapshot.id)
        return [need, youth(snapshot.started)].compactMap(\.self)
    }

    func youth(_ start: Int64?) -> String? {
        guard let start else { return "nobody says how old it is" }
        return now - start < Self.grace ? "it is younger than \(Self.grace / 3600) h, and may be in work" : nil
    }
}
