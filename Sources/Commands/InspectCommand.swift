import ArgumentParser
import Bakefiles
import ContainerImages
import OCI
import Reporting
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird inspect IMAGE`.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what an image is made of.",
        usage: "ovenbird inspect <image> [<options>]",
        discussion: """
            Example:
              ovenbird inspect web:1.4.0 --format json
            """
    )

    @Argument(help: ImageArgument.help)
    var image: String

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try store.open(.readOnly)
        let image = try ImageArgument(text: image).find(in: store, project: bakefile.projectAtHand)
        switch try image.content(in: store) {
        case .platforms(let index): try show(index, of: image)
        case .image(let stored):
            let (manifest, config) = (stored.manifest, stored.config)
            let attestations = image.attestations(in: store)
            switch output.format {
            case .json: try Console.write(document(image, manifest, config, attestations))
            case .text: try Console.write(lines(image, manifest, config, attestations))
            }
        }
    }

    /// An image for several platforms: what there is for each.
    private func show(_ index: PlatformIndex, of image: KnownImage) throws {
        switch output.format {
        case .json:
            try Console.write(
                .object([
                    "project": .string(image.project), "image": .string(image.name),
                    "version": image.version.map(JSONValue.string), "identity": .string(image.identity.description),
                    "baked": .string(Timestamp.text(seconds: image.bakedAt)),
                    "release": image.release.map { .string($0.description) },
                    "index": .object(["digest": .string(index.digest.description), "document": index.index.json]),
                ])
            )
        case .text:
            var table = TextTable([("PLATFORM", .left), ("IMAGE", .left), ("IDENTITY", .left), ("SIZE", .right)])
            for one in index.images {
                let platform = one.config.platform
                table.add([
                    platform.description, PlatformMember.name(of: image.name, for: platform), one.identity.short,
                    Sizes.text(one.manifest.layers.reduce(0) { $0 + $1.size }),
                ])
            }
            let facts = [
                ("identity", image.identity.description), ("project", image.project),
                ("baked", Timestamp.text(seconds: image.bakedAt)), ("release", image.release?.description ?? "-"),
            ]
            let lines = facts.map { "  \($0.0.padded(to: 8))  \($0.1)" }
            try Console.write(
                [output.palette.bold(image.title.neutralised)] + lines + [""]
                    + table.lines(indent: "  ", palette: output.palette)
            )
        }
    }

    private func document(
        _ image: KnownImage,
        _ manifest: ImageManifest,
        _ config: ImageConfig,
        _ attestations: [KnownAttestation]
    ) -> JSONValue {
        .object([
            "project": .string(image.project), "image": .string(image.name),
            "version": image.version.map(JSONValue.string), "identity": .string(image.identity.description),
            "baked": .string(Timestamp.text(seconds: image.bakedAt)),
            "release": image.release.map { .string($0.description) },
            "manifest": .object(["digest": .string(image.manifest.description), "document": manifest.json]),
            "config": config.json,
            "attestations": .array(attestations.map(\.json)),
        ])
    }

    private func lines(
        _ image: KnownImage,
        _ manifest: ImageManifest,
        _ config: ImageConfig,
        _ attestations: [KnownAttestation]
    ) -> [String] {
        let palette = output.palette
        let execution = config.execution
        var facts: [(String, String)] = [
            ("identity", image.identity.description),
            ("manifest", image.manifest.description),
            ("project", image.project),
            ("baked", Timestamp.text(seconds: image.bakedAt)),
            ("release", image.release?.description ?? "-"),
            ("platform", config.platform.description),
            ("user", execution.user),
            ("workdir", execution.workingFolder),
            ("entrypoint", list(execution.entrypoint)),
            ("command", list(execution.command)),
            ("ports", execution.exposedPorts.joined(separator: " ")),
            ("volumes", execution.volumes.joined(separator: " ")),
            ("stop signal", execution.stopSignal),
        ]
        facts += execution.environment.map { ("env", $0) }
        facts += execution.labels.sorted { $0.key < $1.key }.map { ("label", "\($0.key)=\($0.value)") }
        facts += attestations.map { ($0.kind, $0.path.string) }
        let width = facts.map { $0.0.count }.max() ?? 0
        var lines = [palette.bold(image.title.neutralised)]
        lines += facts.filter { !$0.1.isEmpty }.map { "  \($0.0.padded(to: width))  \($0.1.neutralised)" }
        let size = manifest.layers.reduce(0) { $0 + $1.size }
        lines += ["", "\(Counts.text(manifest.layers.count, "layer")), \(Sizes.text(size))"]
        var table = TextTable([("LAYER", .left), ("SIZE", .right), ("MADE BY", .left)])
        let makers = config.layerMakers
        for (index, layer) in manifest.layers.enumerated() {
            table.add([config.diffIDs[index].short, Sizes.text(layer.size), makers[index] ?? ""])
        }
        return lines + table.lines(indent: "  ", palette: palette)
    }

    private func list(_ words: [String]) -> String { words.isEmpty ? "" : JSONValue.strings(words).canonicalText }
}

extension ImageConfig {
    /// What made each layer, by its place, as the history tells it.
    var layerMakers: [String?] {
        let makers = history.filter { !$0.emptyLayer }.map(\.createdBy)
        return diffIDs.indices.map { $0 < makers.count ? makers[$0] : nil }
    }
}
