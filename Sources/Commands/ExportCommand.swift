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
        case qcow2
        case vmdk

        /// The form of a disk that it is.
        var disk: DiskForm? { DiskForm(rawValue: rawValue) }

        /// What the default name ends in.
        var suffix: String {
            switch self {
            case .oci: ""
            case .dockerArchive, .rootfsTar: ".tar"
            case .stepBundles: "-bundles"
            case .raw, .qcow2, .vmdk: ".\(rawValue)"
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
            each step, whose 'apply.sh' applies it on a builder machine; raw, qcow2, vmdk: of a machine image, the disk that \
            boots, as a file with holes, for QEMU, or stream-optimised for VMware and for imports. Layers stay uncompressed unless '--compression' \
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

    @Option(
        help: ArgumentHelp(
            "Write also which blocks of 512 KiB of a disk are in use, with the SHA-256 of each, as JSON.",
            valueName: "path"
        ),
        completion: .file()
    )
    var blockMap: String?

    @Flag(help: "Replace an exported file or folder that is there already.")
    var force = false

    @Option(help: ArgumentHelp("How to write the result, which says where the image is.", valueName: "format"))
    var result: OutputFormat = .text

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var colors: ColorOptions

    func validate() throws {
        if blockMap != nil, format.disk == nil {
            throw ValidationError("'--block-map' is for the formats raw, qcow2 and vmdk, which are disks")
        }
        guard case .compressed(let compression) = compression else { return }
        switch format {
        case .oci: return
        case .dockerArchive:
            if compression.codec == .gzip { return }
            throw ValidationError(
                "'--compression \(compression)' makes a Docker archive that engines do not read: take gzip, or none"
            )
        case .rootfsTar, .stepBundles, .raw, .qcow2, .vmdk:
            throw ValidationError("'--compression' is for the formats oci and docker-archive, which have layers")
        }
    }

    func run() async throws {
        // What is compressed has no name in the store, and parts of a disk are made there.
        let writes = compression != .plain || format.disk != nil
        let store = try store.open(writes ? .readWrite : .readOnly)
        let announcement = writes ? try await store.announceWork() : nil
        defer { announcement?.release() }
        let known = try ImageArgument(text: image).find(in: store, project: bakefile.projectAtHand)
        let version = known.version ?? known.identity.short
        let path = FilePath(target ?? "\(known.name)-\(version)" + format.suffix)
        let (format, force, compression, blockMap) = (format, force, compression, blockMap)
        try await Waiting.saying("still exporting '\(known.name)'") {
            if let form = format.disk {
                return try await Self.write(form, of: known, in: store, to: path, map: blockMap, force: force)
            }
            try await BlockingPool.shared.run { cancellation in
                var stored =
                    format == .stepBundles
                    ? try known.content(in: store) : try known.layers(in: store, to: "export as \(format.rawValue)")
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
                case .raw, .qcow2, .vmdk: preconditionFailure("a disk is written above")
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

    /// Writes the disk of a machine image, and what is in use on it.
    private static func write(
        _ form: DiskForm,
        of known: KnownImage,
        in store: ArtifactStore,
        to path: FilePath,
        map: String?,
        force: Bool
    ) async throws {
        let (mark, place) = form.mark
        try ImageExport.checkFile(path, force: force, mark: mark, at: place)
        let map = map.map { FilePath($0) }
        if let map {
            guard map.lexicallyNormalized() != path.lexicallyNormalized() else {
                throw InvalidInput(Diagnostic("'\(map)' cannot be both the disk and its map", .optionValue))
            }
            try ImageExport.checkFile(map, force: force, mark: Array(#"{"blockSize""#.utf8), at: 0)
        }
        try await MachineDisk.of(known, in: store) { disk in
            try await AtomicOutput.file(path) { file in
                let blocks = try await disk.write(to: file, as: form, mapping: map != nil)
                guard let map, let blocks else { return }
                try AtomicFile.write(Array((blocks.document.canonicalText + "\n").utf8), to: map)
            }
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
