import ArgumentParser
import Diagnostics
import OCI
import Reporting
import Store
import SystemIO

/// The command `ovenbird why IMAGE[:STEP]`.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say why the last bake ran a step, or did not.",
        usage: "ovenbird why <image[:step]> [<options>]",
        discussion: """
            Example:
              ovenbird why web:copy-1
            """
    )

    @Argument(help: ArgumentHelp("The image, or one of its steps.", valueName: "image[:step]"))
    var name: String

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let project = try bakefile.requireProject()
        let store = try store.open(.readOnly)
        let halves = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let all = try store.bakedSteps(project: project)
        var steps = all.filter { $0.image == halves[0] }
        guard !steps.isEmpty else { throw notFound(halves[0], among: all.map(\.image), "the last bake has no image") }
        // Steps that the image no longer has stay in the records, with the bake that last knew them.
        if let newest = steps.max(by: { $0.finishedAt < $1.finishedAt })?.bake {
            let current = steps.filter { $0.bake == newest }
            if halves.count == 1 || current.contains(where: { $0.step == halves[1] }) { steps = current }
        }
        if halves.count == 2 {
            let addresses = steps.map(\.step)
            steps = steps.filter { $0.step == halves[1] }
            if steps.isEmpty { throw notFound(halves[1], among: addresses, "image '\(halves[0])' has no step") }
        }
        switch output.format {
        case .json: try Console.write(.object(["steps": .array(steps.map(document))]))
        case .text: try Console.write(lines(steps))
        }
    }

    private func lines(_ steps: [BakedStep]) -> [String] {
        var table = TextTable([
            ("STEP", .left), ("STATE", .left), ("TIME", .right), ("CONTENT", .left), ("REASON", .left),
        ])
        for step in steps {
            table.add([
                "\(step.image):\(step.step)", step.state, Durations.text(Double(step.milliseconds) / 1000),
                step.contentKey?.short ?? "-", step.reason,
            ])
        }
        return table.lines(palette: output.palette)
    }

    private func document(_ step: BakedStep) -> JSONValue {
        .object([
            "image": .string(step.image), "step": .string(step.step), "state": .string(step.state),
            "reason": .string(step.reason), "milliseconds": .integer(step.milliseconds),
            "definitionKey": .string(step.definitionKey.description),
            "contentKey": step.contentKey.map { .string($0.description) },
            "finished": .string(Timestamp.text(seconds: step.finishedAt)), "bake": .string(step.bake),
        ])
    }

    private func notFound(_ wanted: String, among names: [String], _ what: String) -> InvalidInput {
        let known = Set(names).sorted()
        return InvalidInput(
            Diagnostic(
                "\(what) '\(wanted)'",
                .stepNotFound,
                why: known.isEmpty
                    ? "the project was not baked into this store yet"
                    : "it has \(known.map { "'\($0)'" }.joined(separator: ", "))",
                fix: nearestName(to: wanted, among: known).map { "write '\($0)'" }
            )
        )
    }
}
