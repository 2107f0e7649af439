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
        abstract: "Put the values of a release into parameter files and region maps.",
        usage: "ovenbird params [<stack> ...] [--check] [--diff] [<options>]",
        discussion: """
            Only bound values change; every other byte of a file stays. Values are held to the template first. A stack's \
            'maps' put AMIs into the 'Mappings' of its template. \
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
        let maps = MappingWork.of(bakefile.stacks.filter { stacks.isEmpty || stacks.contains($0.name) }, in: bakefile)
        let (edited, mapped) = try editAll(work, maps, from: release)
        let notes = edited.flatMap(\.notes) + mapped.flatMap(\.notes)
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
            for (work, edited) in zip(maps, mapped) where edited.isChanged {
                try AtomicFile.write(edited.new, to: try work.writingPlace())
            }
        }
        try show(zip(work, edited).map { shown($0, $1) } + zip(maps, mapped).map { shown($0, $1) })
        if check, edited.contains(where: \.isChanged) || mapped.contains(where: \.isChanged) {
            throw CommandFailure(.changesPending, message: nil)
        }
    }

    /// Edits all before anything is written, so that a mistake in the last file leaves the first as it was.
    private func editAll(
        _ work: [ParameterWork],
        _ maps: [MappingWork],
        from release: Release
    ) throws -> ([ParameterWork.Edited], [MappingWork.Edited]) {
        var problems = DiagnosticList()
        func attempt<Work, Edited>(_ all: [Work], _ edit: (Work) throws -> Edited) throws -> [Edited] {
            try all.compactMap { work in
                do {
                    return try edit(work)
                } catch let invalid as InvalidInput {
                    problems.add(contentsOf: invalid.diagnostics)
                    return nil
                }
            }
        }
        let edited = try attempt(work) { work in
            let new = try work.edit(from: release)
            if new.isChanged { _ = try work.writingPlace() }
            return new
        }
        let mapped = try attempt(maps) { work in
            let new = try work.edit(from: release)
            if new.isChanged { _ = try work.writingPlace() }
            return new
        }
        guard !problems.hasErrors else { throw CommandFailure(.usage, problems.inFileOrder) }
        return (edited, mapped)
    }

    /// What is said of one file.
    private struct Shown {
        var difference: String
        var lines: [String]
        var document: JSONValue
    }

    private func show(_ files: [Shown]) throws {
        if output.format == .json {
            try Console.write(.object(["files": .array(files.map(\.document))]))
            return
        }
        for file in files {
            if diff { try Console.write(file.difference) } else { try Console.write(file.lines) }
        }
    }

    private func state(_ isChanged: Bool) -> String {
        isChanged ? (check ? "out of date" : "written") : "up to date"
    }

    private func shown(_ work: ParameterWork, _ edited: ParameterWork.Edited) -> Shown {
        Shown(
            difference: ParameterFileDiff.unified(
                old: edited.file.exists ? edited.file.text : nil,
                new: edited.text,
                file: work.fileName,
                hidden: (edited.hidden.old, edited.hidden.new)
            ),
            lines: ["\(work.fileName.neutralised): \(state(edited.isChanged))"]
                + edited.changes.map { change in
                    let old = change.old.map { "'\(edited.shown($0, of: change.name))'" } ?? "nothing"
                    return "  \(change.name): \(old) -> '\(edited.shown(change.new, of: change.name))'".neutralised
                },
            document: .object([
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
        )
    }

    private func shown(_ work: MappingWork, _ edited: MappingWork.Edited) -> Shown {
        Shown(
            difference: ParameterFileDiff.unified(old: edited.text, new: edited.new, file: work.fileName),
            lines: ["\(work.fileName.neutralised): \(state(edited.isChanged))"]
                + edited.changes.map { change in
                    let old = change.old.map { "'\($0)'" } ?? "nothing"
                    return "  \(change.path.joined(separator: ".")): \(old) -> '\(change.new)'".neutralised
                },
            document: .object([
                "file": .string(work.fileName), "stacks": .strings(work.stacks.map(\.name)),
                "changed": .bool(edited.isChanged), "written": .bool(edited.isChanged && !check),
                "changes": .array(
                    edited.changes.map { change in
                        .object([
                            "map": .strings(change.path), "old": change.old.map(JSONValue.string),
                            "new": .string(change.new),
                        ])
                    }
                ),
                "kept": .strings(edited.notes.map(\.message)),
            ])
        )
    }
}
