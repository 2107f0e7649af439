import ArgumentParser
import ContainerImages
import Diagnostics
import Disks
import Layers
import MachineImages
import OCI
import Reporting
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird export IMAGE`.
struct ExportCommand: AsyncParsableCommand {
    enum Form: String, CaseIterable, ExpressibleByArgument {
        case oci
        case dockerArchive = "docker-archive"
        case rootfsTar = "rootfs-tar"
        case stepBundles = "step-bundles"
        case raw

        /// What the default name ends in.
        var suffix: String {
            switch self {
            case .oci: ""
            case .dockerArchive, .rootfsTar: ".tar"
            case .stepBundles: "-bundles"
            case .raw: ".raw"
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an image to a file or folder that other tools read.",
        usage:
            "ovenbird export <image> [--format <format>] [--compression <form>] [--to <path>] [<options>]",
        discussion: """
            oci: an OCI layout, as a folder, or as one tar where the name ends in '.tar'; docker-archive: what 'docker \
            load' takes; rootfs-tar: all files of the image; step-bundles: of a machine image, a folder with one tar for \
            each step, whose 'apply.sh' applies it on a builder machine; raw: of a machine image, the disk that boots, as a \
            file with holes. Layers stay uncompressed unless '--compression' \
            says otherwise.

            Example:
              ovenbird export web --format docker-archive --to web.tar
            """
    )

    @Argument(help: ImageArgument.help)
    var image: String

    @Option(help: ArgumentHelp("The form.", valueName: "format"))
    var format: Form = .oci

    @Option(
        name: [.customLong("to")],
        help: ArgumentHelp("Where to write (default: IMAGE-VERSION here).", valueName: "path"),
        completion: .file()
    )
    var target: String?

    @Option(
        help: ArgumentHelp(
            "Compress the layers of an OCI layout or a Docker archive: \(LayerForm.rule) (default: none).",
            valueName: "form"
        ),
        transform: LayerForm.init(option:)
    )
    var compression = LayerForm.plain

    @Flag(help: "Replace an exported file or folder that is there already.")
    var force = false

    @Option(help: ArgumentHelp("How to write the result, which says where the image is.", valueName: "format"))
    var result: OutputFormat = .text

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var colors: ColorOptions

    func validate() throws {
        guard case .compressed(let compression) = compression else { return }
        switch format {
        case .oci: return
        case .dockerArchive:
            if compression.codec == .gzip { return }
            throw ValidationError(
                "'--compression \(compression)' makes a Docker archive that engines do not read: take gzip, or none"
            )
        case .rootfsTar, .stepBundles, .raw:
            throw ValidationError("'--compression' is for the formats oci and docker-archive, which have layers")
        }
    }

    func run() async throws {
        // What is compressed has no name in the store, and parts of a disk are made there.
        let writes = compression != .plain || format == .raw
        let store = try store.open(writes ? .readWrite : .readOnly)
        let announcement = writes ? try await store.announceWork() : nil
        defer { announcement?.release() }
        let known = try ImageArgument(text: image).find(in: store, project: bakefile.projectAtHand)
        let version = known.version ?? known.identity.short
        let path = FilePath(target ?? "\(known.name)-\(version)" + format.suffix)
        let (format, force, compression) = (format, force, compression)
        try await Waiting.saying("still exporting '\(known.name)'") {
            if format == .raw { return try await Self.writeDisk(of: known, in: store, to: path, force: force) }
            try await BlockingPool.shared.run { cancellation in
                var stored = try known.content(in: store)
                if case .compressed(let compression) = compression {
                    stored = try stored.compressed(compression, in: store, cancellation: cancellation)
                }
                let export = ImageExport(
                    stored,
                    in: store,
                    project: known.project,
                    name: known.name,
                    version: version,
                    cancellation: cancellation
                )
                switch format {
                case .oci: try export.oci(to: path, force: force, leftover: Self.tell)
                case .dockerArchive: try export.dockerArchive(to: path, force: force)
                case .rootfsTar: try export.rootfs(to: path, force: force)
                case .raw: break
                case .stepBundles:
                    let machine = try stored.image(named: known.name)
                    guard machine.isMachine else { throw Self.noBundles(known.name) }
                    try StepBundles.export(
                        machine,
                        from: store,
                        project: known.project,
                        name: known.name,
                        to: path,
                        force: force,
                        cancellation: cancellation,
                        leftover: Self.tell
                    )
                }
            }
        }
        switch result {
        case .text: try Console.write([path.string])
        case .json:
            try Console.write(
                .object([
                    "path": .string(path.string), "format": .string(format.rawValue),
                    "project": .string(known.project), "image": .string(known.name),
                    "version": known.version.map(JSONValue.string), "identity": .string(known.identity.description),
                ])
            )
        }
    }

    /// Writes the disk of a machine image.
    private static func writeDisk(
        of known: KnownImage,
        in store: ArtifactStore,
        to path: FilePath,
        force: Bool
    ) async throws {
        let image = try await BlockingPool.shared.run { try known.content(in: store).image(named: known.name) }
        guard image.isMachine else {
            throw InvalidInput(
                Diagnostic(
                    "'\(known.name)' is a container image, which has no disk",
                    .noDisk,
                    fix: "take another '--format'"
                )
            )
        }
        try ImageExport.checkDisk(path, force: force)
        do {
            let disk = try MachineDisk(
                image,
                project: known.project,
                name: known.name,
                in: store,
                environment: Console.environment
            )
            try await AtomicOutput.file(path) { try await disk.write(to: $0) }
        } catch let error as MachineDiskError {
            let isTool =
                switch error {
                case .missing, .program: true
                case .noKernel, .noSettings, .architecture: false
                }
            let text = "'\(known.name)' cannot become a disk"
            throw CommandFailure(
                isTool ? .internalError : .usage,
                [Diagnostic(text, isTool ? .toolMissing : .noDisk, why: error.description, fix: error.remedy)]
            )
        } catch let error as DiskError {
            var remedy: String?
            switch error {
            case .library: throw error
            case .tooSmall: remedy = "give it a larger 'size' under 'disk'"
            case .unsupported: break
            }
            throw InvalidInput(
                Diagnostic("'\(known.name)' cannot become a disk", .noDisk, why: error.description, fix: remedy)
            )
        }
    }

    /// The new folder is in its place; the old one is in the way of nobody, but it takes room.
    private static func tell(_ leftover: FilePath, _ error: SystemError) {
        Console.say("note: the folder that was replaced could not be removed, and is '\(leftover)' now: \(error)")
    }

    private static func noBundles(_ name: String) -> InvalidInput {
        InvalidInput(
            Diagnostic(
                "'\(name)' is a container image, which has no step bundles",
                .noStepBundles,
                fix: "take another '--format'"
            )
        )
    }
}
