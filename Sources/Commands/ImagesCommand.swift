import ArgumentParser
import ContainerImages
import OCI
import Reporting
import Store
import SystemIO

/// The command `ovenbird images`.
struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "List the images of the store.",
        usage: "ovenbird images [<options>]",
        discussion: """
            Example:
              ovenbird images --project storefront
            """
    )

    @Option(help: ArgumentHelp("Only those of this project.", valueName: "name"))
    var project: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try store.open(.readOnly)
        let images = try store.knownImages(project: project)
        let layers = try images.map { try $0.content(in: store).layers }
        switch output.format {
        case .json:
            let list = zip(images, layers).map { image, layers in
                JSONValue.object([
                    "project": .string(image.project), "image": .string(image.name),
                    "version": image.version.map(JSONValue.string),
                    "identity": .string(image.identity.description),
                    "manifest": .string(image.manifest.description),
                    "baked": .string(Timestamp.text(seconds: image.bakedAt)),
                    "layers": .integer(Int64(layers.count)),
                    "size": .integer(layers.reduce(0) { $0 + $1.size }),
                    "release": image.release.map { .string($0.description) },
                ])
            }
            try Console.write(.object(["images": .array(list)]))
        case .text:
            if images.isEmpty {
                Console.say("the store has no images yet")
                return
            }
            var table = TextTable([
                ("PROJECT", .left), ("IMAGE", .left), ("VERSION", .left), ("IDENTITY", .left), ("BAKED", .left),
                ("LAYERS", .right), ("SIZE", .right),
            ])
            for (image, layers) in zip(images, layers) {
                table.add([
                    image.project, image.name, image.version ?? "-", image.identity.short,
                    Timestamp.text(seconds: image.bakedAt), String(layers.count),
                    Sizes.text(layers.reduce(0) { $0 + $1.size }),
                ])
            }
            try Console.write(table.lines(palette: output.palette))
        }
    }
}
