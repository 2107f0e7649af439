import AWS
import Bakefiles
import Diagnostics
import HTTPTransport
import MachineImages
import OCI
import Rollouts
import Store
import Synchronization
import SystemIO

/// From the AMIs of a project to those of them that stay.
struct PruneRecipe: Sendable {
    struct Request: Sendable {
        var project: String
        var images: [AMIArgument]
        var regions: [String]
        var keep: Int
        var age: Int64
        /// So many newest releases of the store keep what they name.
        var releases: Int
        var ignored: Set<ImageUser.Source>
        var isApplied: Bool
    }

    struct Outcome: Sendable {
        var account: String
        /// By region.
        var plans: [String: Pruning.Plan] = [:]
        /// Of AMIs that went, or would go.
        var outcomes: [Pruning.Outcome] = []
        var failures: [RegionFailure] = []
    }

    let store: ArtifactStore
    let session: AWSSession

    func run(_ request: Request) async throws -> Outcome {
        let account = try await saying("stopped; no AMI is pruned in part", ifCancelled: request.isApplied) {
            try await STS(session, region: request.regions[0]).callerIdentity().account
        }
        let named = try await BlockingPool.shared.run { try namedByReleases(request, account) }
        let rule = PruneRule(keep: request.keep, age: request.age, named: named, now: session.clock.now())
        let gone = Mutex<[Pruning.Outcome]>([])
        let results = try await inEach(request.regions) { region in
            let pruning = Pruning(
                session: session,
                store: store,
                account: account,
                project: request.project,
                region: region,
                rule: rule,
                ignoring: request.ignored,
                say: { Console.say($0) }
            )
            if request.isApplied {
                return try await pruning.run(request.images.include) { done in gone.withLock { $0.append(done) } }
            }
            let plan = try await pruning.plan(request.images.include)
            for verdict in plan.verdicts where verdict.goes {
                let outcome = try await pruning.outcome(of: verdict)
                gone.withLock { $0.append(outcome) }
            }
            return plan
        }
        let (plans, failures) = sorted(results, by: request.regions)
        return Outcome(
            account: account,
            plans: Dictionary(uniqueKeysWithValues: plans.map { ($0.region, $0.value) }),
            outcomes: gone.withLock { $0 },
            failures: failures
                + plans.flatMap { plan in plan.value.failures.map { RegionFailure(region: plan.region, error: $0) } }
        )
    }

    /// AMIs and identities that the newest releases name, and the first digits of the newest release that does.
    private func namedByReleases(_ request: Request, _ account: String) throws -> [String: String] {
        if request.releases == 0 { return [:] }
        let records = try store.releases(project: request.project).prefix(request.releases)
        if records.isEmpty {
            throw CommandFailure(
                .refused,
                [
                    Diagnostic(
                        "the store has no release of '\(request.project)'",
                        .releaseNotFound,
                        why: "AMIs that the last releases name stay, and nobody knows which these are",
                        fix: "use the store of the bakes, or pass '--releases 0' to go by users, number and age alone"
                    )
                ]
            )
        }
        var named: [String: String] = [:]
        for record in records {
            for image in try ReleaseArgument.load(record, from: store).images.values where image.kind == .ami {
                let amis = image.placements.compactMap { placement -> String? in
                    if case .machine(account, _, let ami, _) = placement { ami } else { nil }
                }
                for name in amis + [image.identity.description] where named[name] == nil {
                    named[name] = record.digest.short
                }
            }
        }
        return named
    }
}

extension PruneRecipe.Outcome {
    /// All verdicts, by image, then by region, newest first.
    var verdicts: [PruneRule.Verdict] {
        let all = plans.keys.sorted().flatMap { plans[$0]?.verdicts ?? [] }
        let names = Set(all.map(\.image.image)).sorted()
        return names.flatMap { name in all.filter { $0.image.image == name } }
    }

    /// What keeps the command from being done; nil where nothing does.
    var failure: CommandFailure? {
        let refused = verdicts.filter(\.isRefused)
        if refused.isEmpty {
            if failures.isEmpty { return nil }
            return RegionFailure.meaning(of: failures.map { ("the AMIs could not be pruned", $0) })
        }
        let regions = Set(refused.map(\.image.region)).sorted()
        let unknown = regions.flatMap { region in (plans[region]?.unknown ?? [:]).map { $0 } }
        let sources = Set(unknown.map(\.key)).sorted().map { "'--ignore \($0.rawValue)'" }
        func texts(_ part: KeyPath<ImageUsers.Unknown, String>) -> String {
            Set(unknown.map { $0.value[keyPath: part] }).sorted().joined(separator: "; ")
        }
        let count = refused.count == 1 ? "1 AMI is" : "\(refused.count) AMIs are"
        let diagnostic = Diagnostic(
            "it is not known whether \(count) in use",
            .unknownUsers,
            why: texts(\.reason),
            fix: "\(texts(\.fix)); or leave these users out of account with \(sources.joined(separator: ", "))"
        )
        let others =
            failures.isEmpty
            ? [] : RegionFailure.meaning(of: failures.map { ("the AMIs could not be pruned", $0) }).diagnostics
        return CommandFailure(.refused, [diagnostic] + others)
    }
}
