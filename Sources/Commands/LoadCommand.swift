import ArgumentParser
import ContainerImages
import Diagnostics
import OCI
import Planning
import Reporting
import Store
import SystemIO

/// The command `ovenbird load IMAGE...`.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load an image into a container engine on this machine.",
        usage: "ovenbird load <image> [--engine <engine>] [<options>]",
        discussion: """
            The image is called PROJECT/IMAGE:VERSION there, and that name is the result. Afterwards the engine is asked \
            whether it has what was sent.

            Example:
              docker run --rm "$(ovenbird load web)"
            """
    )

    @Argument(help: ImageArgument.help)
    var image: String

    @Option(help: ArgumentHelp("docker, podman, or a program that understands the same words.", valueName: "engine"))
    var engine = "docker"

    @Option(name: .customLong("tag"), help: ArgumentHelp("A further name; may be repeated.", valueName: "name:tag"))
    var tags: [String] = []

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let store = try store.open(.readOnly)
        let known = try ImageArgument(text: image).find(in: store, project: bakefile.projectAtHand)
        let stored = try await BlockingPool.shared.run {
            let host = Platform.host
            return try known.layers(in: store, to: "load").image(named: known.name, for: host)
        }
        let version = known.version ?? known.identity.short
        let export = ImageExport(.image(stored), in: store, project: known.project, name: known.name, version: version)
        let names = [try export.engineName()] + tags
        let engine = EngineLoad(engine: engine)
        try await Waiting.saying("still loading '\(known.name)' into '\(engine.engine)'") {
            try await engine.load(stored, from: store, names: names)
        }
        switch output.format {
        case .text: try Console.write([names[0]])
        case .json:
            try Console.write(
                .object([
                    "names": .strings(names), "engine": .string(engine.engine), "project": .string(known.project),
                    "image": .string(known.name), "version": known.version.map(JSONValue.string),
                    "identity": .string(known.identity.description),
                ])
            )
        }
    }
}
