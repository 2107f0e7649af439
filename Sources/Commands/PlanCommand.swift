import ArgumentParser
import Bakefiles
import OCI
import Planning
import Registry
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird plan [IMAGE...]`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a bake would run, what it has already, and why.",
        usage: "ovenbird plan [<image> ...] [<options>]",
        discussion: """
            A dry-run: it writes nothing and needs no network, unless '--online' asks the shared cache and AWS too. A step is \
            'cached', 'will run', or 'depends': that one runs only if the step or image that it names gives new bytes.

            Example:
              ovenbird plan web --detailed-exitcode
            """
    )

    @Argument(help: "The images to bake; all where none is named. Those that they need come with them.")
    var images: [String] = []

    @Flag(help: "Plan to resolve anew what moves and is not pinned, such as a suite's packages.")
    var refresh = false

    @Flag(name: .customLong("detailed-exitcode"), help: "Exit with 10 where a bake would run something.")
    var detailedExitCode = false

    @Flag(help: "Ask the shared cache which steps it has, and AWS what 'register' would do.")
    var online = false

    @OptionGroup var aws: AWSOptions

    @OptionGroup var cache: CacheOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var bakefile = try bakefile.read(colors: output.colors)
        let lock = try Lock.read(of: &bakefile)
        let store = try store.open(.readOnly)
        let plan = try await plan(bakefile, lock, in: store)
        try SecretCheck(bakefile, environment: Console.environment).check(plan)
        // In text the plan comes first, so that it is there even where AWS cannot be asked.
        if output.format == .text { try Console.write(PlanTable(plan, palette: output.palette).text) }
        let report = online ? try await registrations(bakefile, plan, in: store) : nil
        switch output.format {
        case .json: try Console.write(PlanDocument.value(plan, registrations: report?.document))
        case .text: if let report { try Console.write([""] + report.lines) }
        }
        if let failures = report?.failures, !failures.isEmpty { throw RegisterRecipe.failure(failures) }
        if detailedExitCode, plan.hasChanges { throw CommandFailure(.changesPending, message: nil) }
    }

    private func plan(_ bakefile: Bakefile, _ lock: Lock?, in store: ArtifactStore) async throws -> Plan {
        let stamp = try await stamp(of: bakefile)
        let planned = { @Sendable [images, refresh] (shared: SharedSteps?) in
            try Planner.plan(
                bakefile,
                images: images,
                store: store,
                environment: Console.environment,
                refresh: refresh,
                stamp: stamp,
                lock: lock,
                findShared: { key in
                    guard let shared else { return nil }
                    let found = try BlockingPool.wait { try await shared.look(key) }
                    return found.map { .init(layers: $0.result.layers, place: $0.repository) }
                }
            )
        }
        let places = try cache.places(of: bakefile)
        guard online, !places.from.isEmpty else { return try store.keepingState { try planned(nil) } }
        return try await registry.session { session in
            let shared = SharedSteps(
                places,
                session: session,
                store: store,
                architecture: Platform.host.architectureName
            )
            let plan = try await BlockingPool.shared.run { try planned(shared) }
            let palette = Console.messagePalette(output.colors.color)
            Console.say(shared.warnings.flatMap { DiagnosticText.lines($0, palette: palette) })
            return plan
        }
    }

    /// What `register` would do with the machine images that are baked as the plan has them; nil where there are none.
    private func registrations(
        _ bakefile: Bakefile,
        _ plan: Plan,
        in store: ArtifactStore
    ) async throws -> RegistrationReport? {
        let machines = plan.images.compactMap { planned in
            planned.image.registering.map { (planned: planned, settings: $0) }
        }
        guard !machines.isEmpty else { return nil }
        let release = try ReleaseArgument.newest(of: bakefile.project, in: store)?.release
        var targets: [RegisterRecipe.Target] = []
        for (planned, settings) in machines {
            if !planned.hasChanges, release?.images[planned.name] != nil {
                targets.append(.init(image: planned.name, settings: settings, builder: planned.image.builder))
            } else {
                Console.say("note: what '\(planned.name)' needs in AWS is known once it is baked")
            }
        }
        guard let release, !targets.isEmpty else { return nil }
        let wanted = targets
        let work = FilePath(Console.environment["TMPDIR"] ?? "/tmp")
        return try await Waiting.saying("still looking") {
            try await aws.session { session in
                try await RegisterRecipe(release: release, store: store, session: session).preview(wanted, work: work)
            }
        }
    }

    /// Commit and build, where an image takes them as labels; git is not asked for nothing.
    private func stamp(of bakefile: Bakefile) async throws -> [String: String] {
        guard bakefile.images.contains(where: \.config.stamp) else { return [:] }
        return ContinuousIntegration.stampLabels(
            git: try await GitState.read(bakefile.folder),
            build: ContinuousIntegration.read(Console.environment)
        )
    }
}
