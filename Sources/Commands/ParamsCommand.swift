import ArgumentParser
import Bakefiles
import Diagnostics
import OCI
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird params [STACK...]`.
struct ParamsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "params",
        abstract: "Put the values of a release into the parameter files.",
        usage: "ovenbird params [<stack> ...] [--check] [--diff] [<options>]",
        discussion: """
            Only bound values change; every other byte of a file stays. Values are held to the template first. \
            With '--check' nothing is written, and the exit status is 10 where a file is out of date.

            Example:
              ovenbird params storefront --environment dev --release out/release.json --diff
            """
    )

    @Argument(help: "The stacks; all where none is named.")
    var stacks: [String] = []

    @Option(
        name: [.customShort("e"), .customLong("environment")],
        help: ArgumentHelp("Only this environment; may be repeated.", valueName: "name")
    )
    var environments: [String] = []

    @Option(
        help: ArgumentHelp(
            "The release, by file or digest (default: the newest of the project).",
            valueName: "release"
        ),
        completion: .file()
    )
    var release: String?

    @Flag(help: "Write nothing; exit with 10 where a file is out of date.")
    var check = false

    @Flag(help: "Show what changes as a unified diff.")
    var diff = false

    @Flag(help: "Exit with 3 where a bound parameter has no value yet.")
    var requireAll = false

    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let work = try ParameterWork.selected(stacks, environments, in: bakefile)
        let release = try ReleaseArgument.of(bakefile, named: release) { try store.open(.readOnly) }
        let edited = try editAll(work, from: release)
        let notes = edited.flatMap(\.notes)
        let palette = Console.messagePalette(output.colors.color)
        Console.say(edited.flatMap(\.warnings).flatMap { DiagnosticText.lines($0, palette: palette) })
        if requireAll, !notes.isEmpty {
            let errors = notes.map { note in
                Diagnostic(at: note.place, note.message, .unresolvedBinding, why: "'--require-all' asks for all values")
            }
            throw CommandFailure(.checkFailed, errors)
        }
        Console.say(notes.flatMap { DiagnosticText.lines($0, palette: palette) })
        if !check {
            for (work, edited) in zip(work, edited) where edited.isChanged {
                try Files.makeFolder(work.filePath.removingLastComponent())
                try AtomicFile.write(edited.text, to: try work.writingPlace())
            }
        }
        try show(work, edited)
        if check, edited.contains(where: \.isChanged) { throw CommandFailure(.changesPending, message: nil) }
    }

    /// Edits all before anything is written, so that a mistake in the last file leaves the first as it was.
    private func editAll(_ work: [ParameterWork], from release: Release) throws -> [ParameterWork.Edited] {
        var problems = DiagnosticList()
        var edited: [ParameterWork.Edited] = []
        for work in work {
            do {
                let new = try work.edit(from: release)
                if new.isChanged { _ = try work.writingPlace() }
                edited.append(new)
            } catch let invalid as InvalidInput {
                problems.add(contentsOf: invalid.diagnostics)
            }
        }
        guard !problems.hasErrors else { throw CommandFailure(.usage, problems.inFileOrder) }
        return edited
    }

    private func show(_ work: [ParameterWork], _ edited: [ParameterWork.Edited]) throws {
        if output.format == .json {
            try Console.write(.object(["files": .array(zip(work, edited).map(document))]))
            return
        }
        for (work, edited) in zip(work, edited) {
            if diff {
                let old = edited.file.exists ? edited.file.text : nil
                let hidden = (edited.hidden.old, edited.hidden.new)
                try Console.write(
                    ParameterFileDiff.unified(old: old, new: edited.text, file: work.fileName, hidden: hidden)
                )
            } else {
                try Console.write(lines(work, edited))
            }
        }
    }

    private func lines(_ work: ParameterWork, _ edited: ParameterWork.Edited) -> [String] {
        let state = edited.isChanged ? (check ? "out of date" : "written") : "up to date"
        return ["\(work.fileName.neutralised): \(state)"]
            + edited.changes.map { change in
                let old = change.old.map { "'\(edited.shown($0, of: change.name))'" } ?? "nothing"
                return "  \(change.name): \(old) -> '\(edited.shown(change.new, of: change.name))'".neutralised
            }
    }

    private func document(_ work: ParameterWork, _ edited: ParameterWork.Edited) -> JSONValue {
        .object([
            "file": .string(work.fileName), "stack": .string(work.stack.name),
            "environment": .string(work.environment.name), "changed": .bool(edited.isChanged),
            "written": .bool(edited.isChanged && !check),
            "changes": .array(
                edited.changes.map { change in
                    .object([
                        "parameter": .string(change.name),
                        "old": change.old.map { .string(edited.shown($0, of: change.name)) },
                        "new": .string(edited.shown(change.new, of: change.name)),
                    ])
                }
            ),
            "kept": .strings(edited.notes.map(\.message)),
        ])
    }
}
