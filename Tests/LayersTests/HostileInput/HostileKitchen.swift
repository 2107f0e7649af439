import Glibc
import Layers
import SystemIO
import SystemPackage
import TestSupport

/// Hostile layers go all the way: read, listed, normalised, merged, unpacked as lower folder and as tree, compared.
///
/// What is unpacked lies in `out`, beside a file `probe` that nothing may touch.
struct HostileKitchen {
    let folder: TemporaryFolder
    let probe: FilePath
    private let probeBefore: FileStatus?

    init() throws {
        folder = try TemporaryFolder()
        probe = try folder.write("precious", to: "probe", mode: 0o600)
        probeBefore = try FileStatus.ofExisting(probe)
    }

    /// Layers for an ordinary user are unpacked as the root of a user namespace does it.
    static let options: LayerUnpacker.Options = isRoot && !isInNamespace ? .init() : .userNamespace

    /// Reads one archive, in each of the ways that Ovenbird reads one; the errors, which should be one and the same.
    func refusals(_ bytes: [UInt8], limits: ArchiveLimits = .standard) throws -> Set<String> {
        let path = try folder.write(bytes, to: "t.tar")
        let file = try Descriptor.openForReading(path)
        return Set(
            [
                message { _ = try readTar(path, limits: limits) },
                message { _ = try LayerListing.scan(file, name: "t.tar", limits: limits) },
                message {
                    let spool = try Descriptor.open(
                        folder.file("spool"),
                        flags: O_RDWR | O_CREAT | O_TRUNC,
                        mode: 0o600
                    )
                    var writer = try TarWriter.open(name: "normal") { _ in }
                    try LayerNormalizer.normalize(
                        file,
                        name: "t.tar",
                        spool: spool,
                        options: .init(latestTime: 0, limits: limits),
                        into: &writer
                    )
                    _ = try writer.finish()
                },
            ].map { $0 ?? "accepted" }
        ).union(try isUntouched() ? [] : ["the probe was touched"])
    }

    /// Unpacks layers over one another into `out`, as one tree and, the top one, as a lower folder; answers the tree.
    @discardableResult
    func unpack(_ layers: [RawTar]) throws -> MergedTree {
        var listings: [LayerListing] = []
        var files: [Descriptor] = []
        for (index, layer) in layers.enumerated() {
            let path = try folder.write(layer.finished, to: "layer\(index + 1).tar")
            files.append(try Descriptor.openForReading(path))
            listings.append(try LayerListing.scan(files[index], name: "layer \(index + 1)"))
        }
        let tree = try MergedTree(layers: listings)
        let below = try MergedTree(layers: Array(listings.dropLast()))
        _ = below.changes(to: tree) { _ in true }
        let out = try Descriptor.openFolder(folder.makeFolder("out", mode: 0o700))
        try LayerUnpacker.unpack(tree, layers: files, name: "tree", into: out, options: Self.options)
        if let top = files.last, let listing = listings.last {
            let alone = try Descriptor.openFolder(folder.makeFolder("alone", mode: 0o700))
            try LayerUnpacker.unpack(
                top,
                listing: listing,
                name: "layer \(listings.count)",
                into: alone,
                over: below,
                options: Self.options
            )
        }
        return tree
    }

    /// The error of `unpack`; nothing may have been made by then.
    func refusal(_ layers: RawTar...) throws -> String {
        let failure = message { try unpack(layers) }
        let made = try ["out", "alone"].flatMap { name in
            Files.exists(folder.file(name)) ? try Files.names(in: folder.file(name)).map(\.string) : []
        }
        guard made.isEmpty, try isUntouched() else { return "something was made or touched: \(made)" }
        return failure ?? "accepted"
    }

    /// Whether nothing was written outside of where it should be.
    func isUntouched() throws -> Bool {
        let known: Set = ["alone", "normal", "out", "packed.tar", "probe", "spool", "t.tar"]
        let others = try Files.names(in: folder.path).map(\.string).filter {
            !known.contains($0) && !$0.hasPrefix("layer")
        }
        return try others.isEmpty && FileStatus.ofExisting(probe) == probeBefore
            && Files.read(probe) == Array("precious".utf8)
    }

    /// The kind of what lies at a path of the unpacked tree.
    func kind(_ path: String) throws -> FileKind? { try FileStatus.ofExisting(folder.file("out/\(path)"))?.kind }
}

/// A layer of what `body` adds.
func raw(_ body: (inout RawTar) -> Void) -> RawTar {
    var tar = RawTar()
    body(&tar)
    return tar
}
