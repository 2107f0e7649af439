import ArgumentParser
import Bakefiles
import Planning
import Reporting
import Rollouts
import Store

/// The command `ovenbird plan [IMAGE...]`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a bake would run, what it has already, and why.",
        usage: "ovenbird plan [<image> ...] [<options>]",
        discussion: """
            A dry-run: it writes nothing and needs no network. A step is 'cached', 'will run', or 'depends': that one \
            runs only if the step or image that it names gives new bytes.

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

    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var bakefile = try bakefile.read(colors: output.colors)
        let lock = try Lock.read(of: &bakefile)
        let store = try store.open(.readOnly)
        let plan = try Planner.plan(
            bakefile,
            images: images,
            store: store,
            environment: Console.environment,
            refresh: refresh,
            stamp: try await stamp(of: bakefile),
            lock: lock
        )
        try SecretCheck(bakefile, environment: Console.environment).check(plan)
        switch output.format {
        case .json: try Console.write(PlanDocument.value(plan))
        case .text: try Console.write(PlanTable(plan, palette: output.palette).text)
        }
        if detailedExitCode, plan.hasChanges { throw CommandFailure(.changesPending, message: nil) }
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
