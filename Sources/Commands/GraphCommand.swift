import ArgumentParser
import Diagnostics
import OCI
import Reporting

/// The command `ovenbird graph [IMAGE...]`.
struct GraphCommand: AsyncParsableCommand {
    enum Language: String, CaseIterable, ExpressibleByArgument {
        case dot
        case svg
    }

    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draw the images, their steps, and what needs what.",
        usage: "ovenbird graph [<image> ...] [--format dot|svg] [<options>]",
        discussion: """
            Graphviz ('apt-get install graphviz') draws the SVG.

            Example:
              ovenbird graph --format svg > graph.svg
            """
    )

    @Argument(help: "The images to draw; all where none is named.")
    var images: [String] = []

    @Option(help: ArgumentHelp("The language of the result.", valueName: "format"))
    var format: Language = .dot

    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var colors: ColorOptions

    func run() async throws {
        let bakefile = try bakefile.read(colors: colors)
        try bakefile.requireImages(images)
        let dot = GraphText.dot(bakefile, images: images)
        switch format {
        case .dot: try Console.write(dot)
        case .svg:
            do {
                try Console.write(try await GraphPicture.svg(dot))
            } catch let problem as GraphProblem {
                throw CommandFailure(
                    .internalError,
                    [
                        Diagnostic(
                            problem.description,
                            .toolMissing,
                            fix: "install the package 'graphviz', or take '--format dot'"
                        )
                    ]
                )
            }
        }
    }
}
