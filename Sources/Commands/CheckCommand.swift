import ArgumentParser
import Bakefiles
import Diagnostics
import OCI
import Planning
import Registry
import Reporting
import Rollouts
import Store
import SystemIO

/// The command `ovenbird check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Report everything that is wrong with the Bakefile and what it names.",
        usage: "ovenbird check [<options>]",
        discussion: """
            Nothing is run, written or looked up in a network. Exit status 2 where something is wrong.

            Example:
              ovenbird check --set suite=trixie
            """
    )

    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (parsed, found) = try self.bakefile.readWhatCanBe()
        var diagnostics = found
        let bakefile = found.hasErrors ? nil : parsed
        if let bakefile {
            try await ProjectCheck(bakefile: bakefile).run(&diagnostics)
        } else if let parsed {
            // Steps of a Bakefile with mistakes may be other ones than are meant; stacks stand for themselves.
            StackCheck(bakefile: parsed).run(.all, &diagnostics)
        }
        let list = diagnostics.inFileOrder
        switch output.format {
        case .json:
            try Console.write(DiagnosticDocument.value(list))
            if diagnostics.hasErrors { throw CommandFailure(.usage, message: nil) }
        case .text:
            if diagnostics.hasErrors { throw CommandFailure(.usage, list) }
            let palette = Console.messagePalette(output.colors.color)
            Console.say(list.flatMap { DiagnosticText.lines($0, palette: palette) })
            if let bakefile {
                let images = Counts.text(bakefile.images.count, "image")
                try Console.write([
                    "'\(bakefile.path)' is fine: \(images), \(Counts.text(bakefile.stacks.count, "stack"))"
                ])
            }
        }
    }
}

/// What can be wrong beyond the Bakefile's own text: inputs of steps, templates, parameter files.
struct ProjectCheck {
    let bakefile: Bakefile

    /// Adds what is found.
    func run(_ diagnostics: inout DiagnosticList) async throws {
        try checkSteps(&diagnostics)
        try await checkVersions(&diagnostics)
        diagnostics.add(contentsOf: BakeProperties.collisions(among: bakefile.images.map(\.name)))
        StackCheck(bakefile: bakefile).run(.all, &diagnostics)
    }

    /// Whether each scheme can give a version at all; what was given before is a matter of the store.
    private func checkVersions(_ diagnostics: inout DiagnosticList) async throws {
        let images = bakefile.images.filter { $0.version != nil }
        let git = images.contains { $0.version == .git } ? try await GitState.read(bakefile.folder) : nil
        let assignment = VersionAssignment(ledger: nil, date: 0, git: git, isFirst: true)
        diagnostics.add(contentsOf: images.compactMap { assignment.problem(with: $0) })
    }

    /// A plan reads every input, and so finds those that are not there.
    private func checkSteps(_ diagnostics: inout DiagnosticList) throws {
        do {
            let request = Planner.Request(
                bakefile: bakefile,
                timestamp: try ImageTimestamp.resolve(bakefile, environment: Console.environment),
                architecture: Platform.host.architectureName,
                lock: try Lock.read(besides: bakefile.path, in: try Files.currentFolder())
            )
            let scanner = InputScanner(folder: bakefile.folder, contexts: bakefile.contexts)
            var planner = Planner(request, records: NoRecords(), scanner: scanner)
            let plan = try planner.plan()
            diagnostics.add(contentsOf: try TrustedKeys.problems(of: plan, bakefile))
            try SecretCheck(bakefile, environment: Console.environment).check(plan)
        } catch let invalid as InvalidInput {
            diagnostics.add(contentsOf: invalid.diagnostics)
        }
    }
}

/// The records of a host that baked nothing yet.
struct NoRecords: BakeRecords {
    func result(for key: StepKey) throws -> StoredResult? { nil }
    func hasResult(madeBy definition: StepKey) throws -> Bool { false }
    func lastStep(image: String, address: String) throws -> StepRecord? { nil }
    func forEachPart(ofListing digest: Digest, _ body: (String) -> Bool) throws -> Bool { false }
}
