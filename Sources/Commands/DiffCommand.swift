import ArgumentParser
import MachineImages
import OCI
import Reporting
import Store
import SystemIO

/// The command `ovenbird diff A B`.
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show which files of two images differ, or which blocks of their disks.",
        usage: "ovenbird diff <old> <new> [<options>]",
        discussion: """
            Exit status 0 whether or not they differ.

            Example:
              ovenbird diff web:1.3.0 web:1.4.0
              ovenbird diff base:12 base:13 --blocks
            """
    )

    @Argument(help: ImageArgument.help)
    var old: String

    @Argument(help: "The other image.")
    var new: String

    @Flag(help: "Count the blocks of 512 KiB in which the disks of two machine images differ.")
    var blocks = false

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        // Disks are made in the store.
        let store = try store.open(blocks ? .readWrite : .readOnly)
        let announcement = blocks ? try await store.announceWork() : nil
        defer { announcement?.release() }
        let old = try ImageArgument(text: old).find(in: store, project: bakefile.projectAtHand)
        let new = try ImageArgument(text: new).find(in: store, project: bakefile.projectAtHand)
        if blocks {
            let comparison = try await Waiting.saying("still making the disks") {
                BlockComparison(
                    (old, try await MachineDisk.of(old, in: store) { try await $0.blockMap() }),
                    (new, try await MachineDisk.of(new, in: store) { try await $0.blockMap() })
                )
            }
            return try show(comparison.document) { comparison.lines($0) }
        }
        let comparison = try await BlockingPool.shared.run { try ImageComparison(old, new, in: store) }
        try show(comparison.document) { comparison.lines($0) }
    }

    private func show(_ document: JSONValue, lines: (Palette) -> [String]) throws {
        switch output.format {
        case .json: try Console.write(document)
        case .text: try Console.write(lines(output.palette))
        }
    }
}
