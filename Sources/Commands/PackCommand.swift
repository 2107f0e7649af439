import ArgumentParser
import Diagnostics
import Glibc
import Layers
import OCI
import Planning
import Reporting
import SystemIO
import SystemPackage

/// The command `ovenbird pack FOLDER`.
struct PackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Pack a folder into one layer.",
        usage: "ovenbird pack <folder> --to <file> [--compression <form>] [<options>]",
        discussion: """
            The layer is what a step would leave: sorted, numeric owners, no time later than SOURCE_DATE_EPOCH (0 where it \
            is not set), extended attributes and hard links kept. The same tree gives the same bytes with any number of \
            threads.

            Example:
              ovenbird pack rootfs --to layer.tar.gz
            """
    )

    @Argument(help: "The folder.", completion: .directory)
    var folder: String

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("The file to write; one that is there is replaced.", valueName: "file"),
        completion: .file()
    )
    var target: String

    @Option(
        help: ArgumentHelp("How it is compressed: \(LayerForm.rule) (default: gzip-1).", valueName: "form"),
        transform: LayerForm.init(option:)
    )
    var compression: LayerForm?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Threads that compress (default: one a processor).", valueName: "count")
    )
    var jobs: Int?

    @Option(help: ArgumentHelp("How to write the result.", valueName: "format"))
    var format: OutputFormat = .text

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("The value '\(jobs)' is invalid for '--jobs <count>'") }
    }

    func run() async throws {
        let (folder, target, compression) = (FilePath(folder), FilePath(target), compression ?? .standard)
        let threads = jobs ?? WorkerThread.processorCount
        let latest = try ImageTimestamp.sourceDateEpoch(Console.environment) ?? 0
        let packed = try await BlockingPool.shared.run {
            try Packed(folder, to: target, compression, threads: threads, latestTime: latest)
        }
        switch format {
        case .text:
            try Console.write([
                "diffID  \(packed.diffID)", "digest  \(packed.digest)", "size    \(Sizes.text(packed.size))",
            ])
        case .json:
            try Console.write(
                .object([
                    "path": .string(target.string), "diffID": .string(packed.diffID.description),
                    "digest": .string(packed.digest.description), "size": .integer(packed.size),
                    "uncompressed": .integer(packed.uncompressedSize), "compression": .string(packed.form),
                ])
            )
        }
    }
}

/// A layer that was written to a file.
private struct Packed: Sendable {
    let diffID: Digest
    let digest: Digest
    let size: Int64
    let uncompressedSize: Int64
    let form: String

    init(_ folder: FilePath, to target: FilePath, _ form: LayerForm, threads: Int, latestTime: Int64) throws {
        let root = try SystemIO.Descriptor.open(folder, flags: O_RDONLY | O_DIRECTORY)
        let options = LayerPacker.Options(source: .folder, latestTime: latestTime)
        self = try AtomicOutput.file(target) { file in
            switch form {
            case .plain:
                var writer = try TarWriter.open(to: file, name: folder.string)
                try LayerPacker.pack(root, options: options, into: &writer)
                let layer = try writer.finish()
                return Packed(
                    diffID: layer.digest,
                    digest: layer.digest,
                    size: layer.size,
                    uncompressedSize: layer.size,
                    form: "none"
                )
            case .compressed(let compression):
                let writeBehind = WriteBehind(file)
                let layer = try LayerPacker.pack(
                    root,
                    options: options,
                    as: compression,
                    threads: threads,
                    name: folder.string
                ) { (bytes) throws(SystemError) in
                    try file.write(bytes)
                    writeBehind.appended(bytes.count)
                }
                return Packed(
                    diffID: layer.diffID,
                    digest: layer.digest,
                    size: layer.size,
                    uncompressedSize: layer.uncompressedSize,
                    form: "\(compression)"
                )
            }
        }
    }
}

extension Packed {
    private init(diffID: Digest, digest: Digest, size: Int64, uncompressedSize: Int64, form: String) {
        self.diffID = diffID
        self.digest = digest
        self.size = size
        self.uncompressedSize = uncompressedSize
        self.form = form
    }
}
