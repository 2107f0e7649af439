import ArgumentParser
import Bakefiles
import Diagnostics
import Planning
import Reporting
import SystemIO
import SystemPackage

/// Which Bakefile.
struct BakefilePlace: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The Bakefile (default: 'Bakefile' or 'Bakefile.yaml' in this folder).", valueName: "file"),
        completion: .file()
    )
    var file: String?

    /// The project of the Bakefile at hand, nil where there is none that can be read.
    func projectAtHand() -> String? { try? BakefileOptions.read(place: self).bakefile?.project }

    /// The project of the Bakefile at hand; throws what is wrong with it.
    func requireProject() throws -> String {
        let (bakefile, diagnostics) = try BakefileOptions.read(place: self)
        guard let bakefile else { throw InvalidInput(diagnostics: diagnostics.inFileOrder) }
        return bakefile.project
    }
}

/// Which Bakefile, with which variables.
struct BakefileOptions: ParsableArguments {
    @OptionGroup var place: BakefilePlace

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Give a variable its value; may be repeated.", valueName: "name=value")
    )
    var settings: [String] = []

    @Option(
        help: ArgumentHelp("A YAML or JSON file with values of variables.", valueName: "file"),
        completion: .file()
    )
    var variables: String?

    /// The Bakefile; warnings are said on standard error.
    ///
    /// Throws everything that is wrong with it.
    func read(colors: ColorOptions) throws -> Bakefile {
        let (bakefile, diagnostics) = try read()
        guard let bakefile else { throw InvalidInput(diagnostics: diagnostics.inFileOrder) }
        let palette = Console.messagePalette(colors.color)
        Console.say(diagnostics.inFileOrder.flatMap { DiagnosticText.lines($0, palette: palette) })
        return bakefile
    }

    func read() throws -> (bakefile: Bakefile?, diagnostics: DiagnosticList) {
        try Self.read(place: place, variables: variables, settings: try parsedSettings())
    }

    /// What could be read of a Bakefile with mistakes too, for checks; its mistakes are among the diagnostics.
    func readWhatCanBe() throws -> (bakefile: Bakefile?, diagnostics: DiagnosticList) {
        BakefileReader.readWhatCanBe(
            file: place.file.map { FilePath($0) },
            variablesFile: variables.map { FilePath($0) },
            settings: try parsedSettings(),
            environment: Console.environment,
            currentFolder: try Files.currentFolder()
        )
    }

    static func read(
        place: BakefilePlace,
        variables: String? = nil,
        settings: [String: String] = [:]
    ) throws -> (bakefile: Bakefile?, diagnostics: DiagnosticList) {
        BakefileReader.read(
            file: place.file.map { FilePath($0) },
            variablesFile: variables.map { FilePath($0) },
            settings: settings,
            environment: Console.environment,
            currentFolder: try Files.currentFolder()
        )
    }

    private func parsedSettings() throws -> [String: String] {
        var values: [String: String] = [:]
        for setting in settings {
            let pair = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else {
                throw InvalidInput(
                    Diagnostic(
                        "'--set \(setting)' gives no variable a value",
                        .optionValue,
                        fix: "write '--set NAME=VALUE'"
                    )
                )
            }
            values[String(pair[0])] = String(pair[1])
        }
        return values
    }
}

extension Bakefile {
    /// Throws where a name is none of the Bakefile's images.
    func requireImages(_ names: [String]) throws {
        var found = DiagnosticList()
        let known = images.map(\.name)
        for name in names where !known.contains(name) {
            found.add(
                Diagnostic(
                    "'\(name)' is no image of '\(path)'",
                    .unknownImageArgument,
                    why: "its images are \(known.map { "'\($0)'" }.joined(separator: ", "))",
                    fix: nearestName(to: name, among: known).map { "write '\($0)'" }
                )
            )
        }
        try found.throwIfErrors()
    }
}
