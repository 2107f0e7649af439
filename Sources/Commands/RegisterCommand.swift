import ArgumentParser
import Bakefiles
import Diagnostics
import MachineImages
import OCI
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird register`.
struct RegisterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Register the machine images of a release as AMIs.",
        usage: "ovenbird register [<image> ...] [--region <region> ...] [--release <release>] [<options>]",
        discussion: """
            Each machine image goes to the regions that its 'ami:' names, straight from its disk into a snapshot, without an \
            instance or a bucket, unless it has a 'builder:'. Blocks that the last version's snapshot has already are not \
            sent. An AMI that is there already is found, not made again; a run that was killed is gone on with by the next \
            one. The result is a new release that says which AMI each region has, for bindings to 'ami'; it replaces \
            'release.json' and the parameter files in the output folder. Credentials come from where the AWS tools have them.

            Example:
              ovenbird register && ovenbird register base --region eu-central-1
            """
    )

    @Argument(help: "Images to register (default: all that have regions).")
    var images: [String] = []

    @Option(
        name: .customLong("region"),
        help: ArgumentHelp("Register here instead of where the Bakefile says; may be repeated.", valueName: "region")
    )
    var regions: [String] = []

    @Option(help: ArgumentHelp("A release file or digest (default: the newest).", valueName: "release"))
    var release: String?

    @Flag(name: .customLong("dry-run"), help: "Say what would be called, sent and paid, and change nothing.")
    var isDryRun = false

    @Option(
        help: ArgumentHelp(
            "Give up waiting for a snapshot or an AMI that is pending for so long, as in 45m (default: wait on).",
            valueName: "time"
        )
    )
    var patience: AgeArgument?

    @Option(help: ArgumentHelp("How many blocks are sent at a time, where 64 are too many.", valueName: "count"))
    var workers = 64

    @Option(help: ArgumentHelp("The output folder to renew.", valueName: "folder"), completion: .directory)
    var out = "out"

    @OptionGroup var aws: AWSOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !(1...256).contains(workers) { throw ValidationError("'--workers' is a number from 1 to 256") }
    }

    func run() async throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let store = try store.open(.readWrite)
        // The new release has no name in the store until it is recorded.
        let announcement = try await store.announceWork()
        defer { announcement.release() }
        let start = try ReleaseArgument.of(bakefile, named: release) { store }
        let wanted = try targets(of: start, bakefile)
        if isDryRun { return try await preview(wanted, of: start, in: store) }
        let (workers, patience) = (workers, patience.map { Duration.seconds($0.seconds) })
        let outcome = try await Waiting.saying(
            "still registering",
            interrupted: "interrupted: what is begun is noted, and the next 'ovenbird register' goes on with it"
        ) {
            try await aws.session { session in
                try await RegisterRecipe(
                    release: start,
                    store: store,
                    session: session,
                    workers: workers,
                    patience: patience
                ).run(wanted)
            }
        }
        let problems = try OutputFolder.renew(
            FilePath(out),
            outcome.release,
            of: bakefile,
            from: store,
            color: output.colors.color
        )
        try show(outcome)
        if !outcome.failures.isEmpty { throw RegisterRecipe.failure(outcome.failures) }
        try problems.throwIfErrors()
    }

    private func preview(_ targets: [RegisterRecipe.Target], of release: Release, in store: ArtifactStore) async throws
    {
        let report = try await Waiting.saying("still looking") {
            try await aws.session { session in
                try await RegisterRecipe(release: release, store: store, session: session).preview(targets)
            }
        }
        try Console.write(report, output.format)
        if !report.failures.isEmpty { throw RegisterRecipe.failure(report.failures) }
    }

    private func targets(of release: Release, _ bakefile: Bakefile) throws -> [RegisterRecipe.Target] {
        var problems = AWSRegion.problems(of: regions)
        let machines = release.images.filter { $0.value.kind == .ami }.keys.sorted()
        for name in images where !machines.contains(name) {
            let isKnown = release.images[name] != nil
            problems.add(
                Diagnostic(
                    isKnown ? "'\(name)' is a container image, which is no AMI" : "'\(name)' is not in the release",
                    isKnown ? .noDisk : .imageNotFound,
                    why: "its machine images are \(machines.map { "'\($0)'" }.joined(separator: ", "))",
                    fix: nearestName(to: name, among: machines).map { "write '\($0)'" }
                )
            )
        }
        var wanted: [RegisterRecipe.Target] = []
        for name in images.isEmpty ? machines : images where machines.contains(name) {
            let image = bakefile.image(named: name)
            var settings = image?.registering ?? AMISettings()
            var sources: [String] = []
            if !regions.isEmpty {
                settings.regions = regions.indices.filter { !regions[..<$0].contains(regions[$0]) }.map { regions[$0] }
                let isThere = settings.regions.contains { $0 == settings.copyFrom }
                if !isThere {
                    if image?.builder != nil { sources = places(of: name, first: settings.copyFrom, release) }
                    settings.copyFrom = image?.builder == nil ? nil : settings.regions.first
                }
            }
            if settings.regions.isEmpty, !images.isEmpty {
                problems.add(Self.noRegion("image '\(name)' has no region"))
            }
            if !settings.regions.isEmpty {
                wanted.append(.init(image: name, settings: settings, builder: image?.builder, sources: sources))
            }
        }
        try problems.throwIfErrors()
        if wanted.isEmpty { throw InvalidInput(Self.noRegion("no machine image of the release has a region")) }
        return wanted
    }

    /// Regions that may have the AMI of an image, in the order in which they are asked.
    private func places(of image: String, first: String?, _ release: Release) -> [String] {
        let placed = release.images[image]?.placements.compactMap { placement in
            if case .machine(_, let region, _, _) = placement { region } else { nil }
        }
        return [first].compactMap(\.self) + Set(placed ?? []).sorted().filter { $0 != first }
    }

    private static func noRegion(_ text: String) -> Diagnostic {
        Diagnostic(text, .noRegion, fix: "give it 'ami: { regions: [...] }' in the Bakefile, or pass '--region REGION'")
    }

    private func show(_ outcome: RegisterRecipe.Outcome) throws {
        switch output.format {
        case .json:
            let entries = outcome.placed.map { image, placed in
                JSONValue.object([
                    "ami": .string(placed.ami),
                    "deprecated": placed.handedOut.deprecated.map { .string(Timestamp.text(seconds: $0)) },
                    "image": .string(image),
                    "launchTemplateVersion": placed.handedOut.launchTemplateVersion.map { .integer(Int64($0)) },
                    "parameter": placed.handedOut.parameter.map(JSONValue.string),
                    "parent": placed.parent.map(JSONValue.string), "region": .string(placed.region),
                    "sentBlocks": .integer(Int64(placed.sentBlocks)),
                    "sharedWith": .strings(placed.handedOut.sharedWith),
                    "snapshot": .string(placed.snapshot), "unchanged": .bool(placed.isUnchanged),
                ])
            }
            try Console.write(
                .object([
                    "account": .string(outcome.account), "registered": .array(entries),
                    "release": .string(outcome.release.digest.description),
                ])
            )
        case .text:
            var table = TextTable([
                ("IMAGE", .left), ("REGION", .left), ("AMI", .left), ("SNAPSHOT", .left), ("BLOCKS SENT", .right),
                ("", .left),
            ])
            for (image, placed) in outcome.placed {
                table.add([
                    image, placed.region, placed.ami, placed.snapshot, String(placed.sentBlocks),
                    placed.isUnchanged ? "unchanged" : placed.isFound ? "handed out" : "registered",
                ])
            }
            try Console.write(table.lines(palette: output.palette) + ["release \(outcome.release.digest)"])
        }
    }
}
