import AWS
import ArgumentParser
import Bakefiles
import MachineImages
import OCI
import Reporting
import Store
import SystemIO

/// The command `ovenbird ami prune`.
struct AMIPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Deregister AMIs that nobody needs, and delete their snapshots.",
        usage: "ovenbird ami prune [<image>[:<version>] ...] [--apply] [--region <region> ...] [<options>]",
        discussion: """
            Says what would go, and why the rest stays; only with '--apply' anything does. An AMI stays if an instance, \
            launch template, launch configuration, Auto Scaling Group, stack or parameter uses it, if other accounts may, if \
            one of the last releases of the store names it, if it is one of the newest of its image in the region, and if \
            it is young. Whoever cannot be asked may be a user: then it stays, and the exit status is 7. Right before \
            an AMI goes all of them are asked once more. A run that was stopped is finished by the next one.

            Example:
              ovenbird ami prune base --keep 5 --older-than 30d --apply
            """
    )

    @Argument(help: "Images, as NAME or NAME:VERSION (default: all of the project).")
    var images: [AMIArgument] = []

    @OptionGroup var regions: RegionOptions

    @Flag(help: "Deregister and delete, instead of saying what would go.")
    var apply = false

    @Option(help: ArgumentHelp("How many newest AMIs of each image stay in each region.", valueName: "count"))
    var keep = 3

    @Option(help: ArgumentHelp("Younger ones stay, as in 30d or 12h.", valueName: "age"))
    var olderThan = AgeArgument(seconds: 7 * 86_400)

    @Option(help: ArgumentHelp("What so many newest releases of the store name stays.", valueName: "count"))
    var releases = 20

    @Option(
        help: ArgumentHelp("Users that do not count and are not asked for; may be repeated.", valueName: "users")
    )
    var ignore: [ImageUser.Source] = []

    @OptionGroup var aws: AWSOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if keep < 0 { throw ValidationError("'--keep' is a number from 0") }
        if releases < 0 { throw ValidationError("'--releases' is a number from 0") }
    }

    func run() async throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let request = PruneRecipe.Request(
            project: bakefile.project,
            images: images,
            regions: try regions.of(bakefile),
            keep: keep,
            age: olderThan.seconds,
            releases: releases,
            ignored: Set(ignore),
            isApplied: apply
        )
        let store = try store.open(apply ? .readWrite : .readOnly)
        let outcome = try await Waiting.saying(apply ? "still pruning" : "still looking for users") {
            try await aws.session { try await PruneRecipe(store: store, session: $0).run(request) }
        }
        try show(outcome)
        if let failure = outcome.failure { throw failure }
    }

    private func show(_ outcome: PruneRecipe.Outcome) throws {
        let gone = Dictionary(uniqueKeysWithValues: outcome.outcomes.map { ($0.verdict.image, $0) })
        switch output.format {
        case .json:
            let entries = outcome.verdicts.map { verdict in
                let image = verdict.image
                return JSONValue.object([
                    "ami": .string(image.ami), "goes": .bool(verdict.goes), "image": .string(image.image),
                    "keptSnapshots": .strings(gone[image]?.kept ?? [:]), "reasons": .strings(reasons(verdict)),
                    "region": .string(image.region),
                    "registered": image.created.map { .string(Timestamp.text(seconds: $0)) },
                    "snapshots": .strings(gone[image]?.snapshots ?? []), "version": .string(image.version),
                ])
            }
            try Console.write(
                .object([
                    "account": .string(outcome.account), "amis": .array(entries), "applied": .bool(apply),
                    "begun": .strings(outcome.plans.values.flatMap(\.begun).map(\.ami).sorted()),
                ])
            )
        case .text: try Console.write(lines(outcome, gone))
        }
    }

    private func lines(_ outcome: PruneRecipe.Outcome, _ gone: [OwnImage: Pruning.Outcome]) -> [String] {
        var table = TextTable([
            ("IMAGE", .left), ("VERSION", .left), ("REGION", .left), ("AMI", .left), ("AGE", .right), ("", .left),
        ])
        let now = Moment.now.wall
        for verdict in outcome.verdicts {
            let image = verdict.image
            table.add([
                image.image, image.version, image.region, image.ami,
                image.created.map { AgeArgument.text(now - $0) } ?? "-",
                verdict.goes ? fate(gone[image]) : "stays: \(reasons(verdict).joined(separator: "; "))",
            ])
        }
        let begun = outcome.plans.keys.sorted().flatMap { region in
            (outcome.plans[region]?.begun ?? []).map { record in
                "\(region): the pruning of \(record.ami) (\(record.image) \(record.version)), which was stopped, "
                    + (apply ? "is finished" : "would be finished")
            }
        }
        let snapshots = outcome.outcomes.reduce(0) { $0 + $1.snapshots.count }
        let sum =
            counted(outcome.outcomes.count, "AMI") + " and " + counted(snapshots, "snapshot")
            + (apply ? " gone" : " would go")
        let hint = apply || outcome.outcomes.isEmpty && begun.isEmpty ? "" : "; '--apply' lets them"
        return (outcome.verdicts.isEmpty ? [] : table.lines(palette: output.palette)) + begun + [sum + hint]
    }

    private func counted(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }

    private func fate(_ outcome: Pruning.Outcome?) -> String {
        if apply, outcome == nil { return "not gone, or not its snapshots" }
        let kept = (outcome?.kept ?? [:]).sorted { $0.key < $1.key }.map { "; \($0.key) stays: \($0.value)" }
        return (apply ? "gone" : "would go") + kept.joined()
    }

    private func reasons(_ verdict: PruneRule.Verdict) -> [String] {
        verdict.reasons.map { reason in
            switch reason {
            case .newest(let rank): rank == 1 ? "the newest" : "one of the newest \(keep)"
            case .young(let age?): "only \(AgeArgument.text(age)) old"
            case .young(nil): "nobody says how old it is"
            case .released(let digits): "release \(digits) names it"
            case .used(let user): "used by \(user.title)"
            case .unknownUsers(let sources):
                "not known whether used: \(sources.map(\.rawValue).joined(separator: ", "))"
            case .protected: "protected against deregistration"
            case .unfinished: "being registered"
            }
        }
    }
}

extension ImageUser.Source: ExpressibleByArgument {}
