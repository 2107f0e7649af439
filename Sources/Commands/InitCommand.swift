import ArgumentParser
import Bakefiles
import Diagnostics
import Glibc
import SystemIO
import SystemPackage

/// The command `ovenbird init`.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a commented Bakefile that bakes at once.",
        usage: "ovenbird init [--file <file>]",
        discussion: """
            A file that exists is left alone.

            Example:
              ovenbird init && ovenbird bake
            """
    )

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write.", valueName: "file"),
        completion: .file()
    )
    var file = "Bakefile"

    @OptionGroup var colors: ColorOptions

    func run() throws {
        let path = FilePath(file)
        // Beside each other the two default names are an error of every other command.
        let defaults = ["Bakefile", "Bakefile.yaml"]
        let folder = path.removingLastComponent()
        let isDefault = defaults.contains { path.lastComponent?.string == $0 }
        let others = isDefault ? defaults.map { folder.appending($0).string } : [file]
        for name in others where Files.exists(FilePath(name)) {
            throw InvalidInput(
                Diagnostic(
                    "'\(name)' exists already",
                    .bakefileExists,
                    fix: "remove it, or name another file with '--file FILE'"
                )
            )
        }
        // An exclusive create, since nothing that appears meanwhile may be lost either.
        let target = try Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        try target.write(Array(BakefileInit.text.utf8))
        try target.sync()
        Console.say(["wrote '\(file)'", "next: 'ovenbird plan' shows what a bake would do, 'ovenbird bake' does it"])
    }
}
