import ArgumentParser
import OCI
import Reporting
import Store
import SystemIO

/// The command `ovenbird diff A B`.
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show which files of two images differ.",
        usage: "ovenbird diff <old> <new> [<options>]",
        discussion: """
            Exit status 0 whether or not they differ.

            Example:
              ovenbird diff web:1.3.0 web:1.4.0
            """
    )

    @Argument(help: ImageArgument.help)
    var old: String

    @Argument(help: "The other image.")
    var new: String

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try store.open(.readOnly)
        let old = try ImageArgument(text: old).find(in: store, project: bakefile.projectAtHand)
        let new = try ImageArgument(text: new).find(in: store, project: bakefile.projectAtHand)
        let comparison = try await BlockingPool.shared.run { try ImageComparison(old, new, in: store) }
        switch output.format {
        case .json: try Console.write(comparison.document)
        case .text: try Console.write(comparison.lines(output.palette))
        }
    }
}
