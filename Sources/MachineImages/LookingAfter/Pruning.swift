package import AWS
import OCI
package import Store
import Synchronization
import SystemIO

/// Gives up AMIs of a project in one region of one account, with their snapshots.
///
/// Before an AMI goes, what goes with it is on disk; the AMI goes first, since a snapshot that an AMI needs cannot be
/// deleted; then its snapshots. A run that is killed anywhere is finished by the next one.
package struct Pruning: Sendable {
    /// What became of an AMI that could go.
    package struct Outcome: Sendable, Hashable {
        package var verdict: PruneRule.Verdict
        /// Deleted, or to be deleted.
        package var snapshots: [String]
        /// Why the others stay, by snapshot.
        package var kept: [String: String] = [:]
    }

    package struct Plan: Sendable, Hashable {
        /// A verdict for each AMI that was asked about.
        package var verdicts: [PruneRule.Verdict]
        /// What a run that was stopped left: AMIs that are gone, and snapshots that may not be yet.
        package var begun: [PruneRecord]
        /// Who could not be asked for users, and why.
        package var unknown: [ImageUser.Source: ImageUsers.Unknown]
        /// What kept single AMIs from being pruned, or from being pruned whole.
        package var failures: [ServiceError] = []
    }

    private let session: AWSSession
    private let store: ArtifactStore
    private let project: String
    private let region: String
    private let rule: PruneRule
    private let survey: UserSurvey
    private let records: PruneJournal
    private let registrations: RegistrationJournal
    /// Told what goes on, one line at a time.
    private let say: @Sendable (String) -> Void

    package init(
        session: AWSSession,
        store: ArtifactStore,
        account: String,
        project: String,
        region: String,
        rule: PruneRule,
        ignoring ignored: Set<ImageUser.Source>,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.session = session
        self.store = store
        self.project = project
        self.region = region
        self.rule = rule
        self.say = say
        survey = UserSurvey(session, region: region, ignoring: ignored)
        records = PruneJournal(store, account: account, region: region)
        registrations = RegistrationJournal(store, account: account, region: region)
    }

    /// What would go; nothing is changed.
    package func plan(_ isWanted: (OwnImage) -> Bool) async throws -> Plan {
        let all = try await OwnImage.all(of: project, in: region, session)
        let images = all.filter(isWanted)
        // Of all of them: a stack may go back to one that it does not name.
        var users = try await survey.users(of: all)
        // Asked for one by one, and so only for those that nothing else keeps.
        let first = rule.verdicts(on: images, among: all, users)
        try await survey.addAccounts(to: &users, of: first.filter { $0.goes || $0.isRefused }.map(\.image))
        return Plan(
            verdicts: rule.verdicts(on: images, among: all, users),
            begun: try await begun(beside: all),
            unknown: users.unknown
        )
    }

    /// What becomes of the snapshots of an AMI that goes.
    package func outcome(of verdict: PruneRule.Verdict) async throws -> Outcome {
        let kept = try await kept()
        return Outcome(
            verdict: verdict,
            snapshots: verdict.image.snapshots.filter { kept.reason($0) == nil },
            kept: verdict.image.snapshots.reduce(into: [:]) { $0[$1] = kept.reason($1) }
        )
    }

    /// Carries a plan out, told of each AMI as soon as it is gone.
    ///
    /// Nothing is registered by this store in the region meanwhile. AMIs that are in use since the plan was made stay.
    package func run(
        _ isWanted: (OwnImage) -> Bool,
        done: @Sendable (Outcome) -> Void
    ) async throws -> Plan {
        var inWork: String?
        do {
            let lock = try await registrations.lock()
            defer { lock.release() }
            var plan = try await plan(isWanted)
            for record in plan.begun {
                inWork = record.ami
                try await attempt(&plan) { try await finish(record) }
                inWork = nil
            }
            for place in plan.verdicts.indices.reversed() where plan.verdicts[place].goes {
                let image = plan.verdicts[place].image
                let verdict = try await lookAgain(at: image, &plan.unknown)
                plan.verdicts[place] = verdict
                guard verdict.goes else { continue }
                inWork = image.ami
                try await attempt(&plan) { done(try await prune(verdict)) }
                inWork = nil
            }
            let left = plan.verdicts.filter { !$0.goes }.map(\.image.ami)
            try await BlockingPool.shared.run { for ami in left { try records.remove(ami) } }
            return plan
        } catch is CancellationError {
            let state = inWork.map { "\($0) is pruned in part, and the next 'ovenbird ami prune --apply' finishes it" }
            say("\(region): stopped; \(state ?? "no AMI is pruned in part")")
            throw CancellationError()
        }
    }

    /// What cannot be done with one AMI keeps no other from going; the next run finishes what was begun.
    private func attempt(_ plan: inout Plan, _ work: () async throws -> Void) async throws {
        do { try await work() } catch let error as ServiceError { plan.failures.append(error) }
    }

    /// What is known of an AMI right before it goes: a stack may have taken it since.
    private func lookAgain(
        at image: OwnImage,
        _ unknown: inout [ImageUser.Source: ImageUsers.Unknown]
    ) async throws -> PruneRule.Verdict {
        let all = try await OwnImage.all(of: project, in: region, session)
        var users = try await survey.users(of: all)
        try await survey.addAccounts(to: &users, of: [image])
        unknown.merge(users.unknown) { first, _ in first }
        return rule.verdicts(on: [image], among: all, users)[0]
    }

    private func prune(_ verdict: PruneRule.Verdict) async throws -> Outcome {
        let image = verdict.image
        var outcome = try await outcome(of: verdict)
        let record = PruneRecord(
            ami: image.ami,
            image: image.image,
            version: image.version,
            snapshots: outcome.snapshots
        )
        try await BlockingPool.shared.run { try records.write(record) }
        try await EC2(session, region: region).deregister(image.ami)
        say("\(region): \(image.ami) is deregistered")
        let used = try await delete(record.snapshots, of: image.ami)
        outcome.snapshots.removeAll { used[$0] != nil }
        outcome.kept.merge(used) { own, _ in own }
        try await BlockingPool.shared.run { try records.remove(image.ami) }
        return outcome
    }

    /// Deletes snapshots of an AMI that is gone; gives those that another AMI needs, with the reason.
    private func delete(_ snapshots: [String], of ami: String) async throws -> [String: String] {
        let ec2 = EC2(session, region: region)
        var used: [String: String] = [:]
        for snapshot in snapshots {
            let others = try await ec2.ownImages(ofSnapshots: [snapshot]).map(\.id).filter { $0 != ami }
            if let other = others.min() {
                used[snapshot] = "\(other) needs it"
                continue
            }
            try await ec2.delete(snapshot: snapshot, wasIn: ami)
            say("\(region): \(snapshot) is deleted")
        }
        return used
    }

    // MARK: What was begun

    /// Records of AMIs that are not there any more.
    private func begun(beside all: [OwnImage]) async throws -> [PruneRecord] {
        let known = Set(all.map(\.ami))
        var found: [PruneRecord] = []
        for record in try await BlockingPool.shared.run({ try records.records() }) where !known.contains(record.ami) {
            // Lists and single answers do not always agree.
            let image = try await EC2(session, region: region).image(record.ami)
            if image == nil || image?.state == .deregistered { found.append(record) }
        }
        return found
    }

    private func finish(_ record: PruneRecord) async throws {
        let kept = try await kept()
        _ = try await delete(record.snapshots.filter { kept.reason($0) == nil }, of: record.ami)
        try await BlockingPool.shared.run { try records.remove(record.ami) }
        say("\(region): \(record.ami), whose pruning was stopped, is pruned")
    }

    private func kept() async throws -> KeptSnapshots {
        KeptSnapshots(try await BlockingPool.shared.run { try registrations.records() }, project: project)
    }
}
