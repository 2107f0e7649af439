import ArgumentParser
import Diagnostics
import Reporting
import Store
import SystemPackage

/// How a result is written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
}

extension Palette.Choice: ExpressibleByArgument {}
extension ProgressMode: ExpressibleByArgument {}

/// Options of every command.
struct ColorOptions: ParsableArguments {
    @Option(help: ArgumentHelp("When to use colours.", valueName: "when"))
    var color: Palette.Choice = .auto
}

/// Options of every command that has a result.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How to write the result.", valueName: "format"))
    var format: OutputFormat = .text

    @OptionGroup var colors: ColorOptions

    var palette: Palette { Console.resultPalette(colors.color) }
}

/// Where the store is.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder of the store (default: $OVENBIRD_STORE, else in the XDG data folder).",
            valueName: "folder"
        ),
        completion: .directory
    )
    var store: String?

    func path() throws -> FilePath {
        if let store, !store.isEmpty { return FilePath(store) }
        if let path = ArtifactStore.defaultPath(environment: Console.environment) { return path }
        throw InvalidInput(
            Diagnostic(
                "there is no folder for the store",
                .storeLocation,
                why: "neither OVENBIRD_STORE, XDG_DATA_HOME nor HOME is set",
                fix: "pass '--store FOLDER'"
            )
        )
    }

    func open(_ mode: ArtifactStore.Mode) throws -> ArtifactStore { try ArtifactStore.open(at: try path(), mode: mode) }
}
