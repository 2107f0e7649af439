import ArgumentParser
import Diagnostics
import OCI
import Reporting
import Store
import SystemIO

/// The command `ovenbird history [IMAGE]`.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List what an image has been, or the bakes of the project.",
        usage: "ovenbird history [<image>] [<options>]",
        discussion: """
            Example:
              ovenbird history web
            """
    )

    @Argument(help: "The image; without one, the bakes of the Bakefile's project are listed.")
    var image: String?

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try store.open(.readOnly)
        if let image {
            let found = try ImageArgument(text: image).find(in: store, project: bakefile.projectAtHand)
            try show(images: try store.knownHistory(project: found.project, image: found.name))
        } else {
            try show(bakes: try store.bakes(project: try bakefile.requireProject()))
        }
    }

    private func show(images: [KnownImage]) throws {
        switch output.format {
        case .json:
            let list = images.map { image in
                JSONValue.object([
                    "version": image.version.map(JSONValue.string),
                    "identity": .string(image.identity.description),
                    "baked": .string(Timestamp.text(seconds: image.bakedAt)),
                    "release": image.release.map { .string($0.description) },
                ])
            }
            try Console.write(.object(["history": .array(list)]))
        case .text:
            var table = TextTable(["VERSION", "IDENTITY", "BAKED", "RELEASE"])
            for image in images {
                table.add([
                    image.version ?? "-", image.identity.short, Timestamp.text(seconds: image.bakedAt),
                    image.release?.short ?? "-",
                ])
            }
            try Console.write(table.lines(palette: output.palette))
        }
    }

    private func show(bakes: [BakeRecord]) throws {
        switch output.format {
        case .json:
            let list = bakes.map { bake in
                JSONValue.object([
                    "bake": .string(bake.id), "status": .string(bake.status.rawValue),
                    "started": .string(Timestamp.text(seconds: bake.startedAt)),
                    "finished": bake.finishedAt.map { .string(Timestamp.text(seconds: $0)) },
                    "release": bake.release.map { .string($0.description) },
                ])
            }
            try Console.write(.object(["bakes": .array(list)]))
        case .text:
            if bakes.isEmpty {
                Console.say("the project was not baked into this store yet")
                return
            }
            var table = TextTable(["STARTED", "STATUS", "TIME", "RELEASE"])
            for bake in bakes {
                table.add([
                    Timestamp.text(seconds: bake.startedAt), bake.status.rawValue,
                    bake.finishedAt.map { Durations.text(Double($0 - bake.startedAt)) } ?? "-",
                    bake.release?.short ?? "-",
                ])
            }
            try Console.write(table.lines(palette: output.palette))
        }
    }
}
