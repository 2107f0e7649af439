import Glibc
import Layers
import SystemIO
import SystemPackage

/// Layers to folders and back, in the form that an overlay wants.
enum LayerWork {
    /// Device files are not made: none may be opened in a sandbox, and an ordinary user cannot make them.
    ///
    /// The blob is hashed meanwhile: what is unpacked is kept under its name, and believed by all later steps. The caller
    /// gives it that name only after this has returned.
    static func unpack(
        _ layer: SandboxJob.Layer,
        _ listing: LayerListing,
        over below: MergedTree?,
        into folder: FilePath,
        isInUserNamespace: Bool
    ) throws {
        let blob = try Descriptor.openForReading(layer.blob)
        let hashing = try WorkerResult {
            Result {
                var digester = Digester()
                try blob.forEachPiece { digester.update($0) }
                return digester.finish()
            }
        }
        let unpacked = Result {
            try LayerUnpacker.unpack(
                blob,
                listing: listing,
                name: name(layer),
                into: try Descriptor.openFolder(folder),
                over: below,
                options: LayerUnpacker.Options(deviceNodes: .skip, userXattrs: isInUserNamespace)
            )
        }
        let found = try hashing.wait().get()
        guard found == layer.diffID else {
            throw SandboxError(
                .system,
                "the layer '\(layer.diffID)' is damaged",
                why: "its content has the digest '\(found)'",
                fix: "remove the file '\(layer.blob)', and bake again: what is missing is made anew"
            )
        }
        try unpacked.get()
    }

    static func listing(_ layer: SandboxJob.Layer) throws -> LayerListing {
        try LayerListing.scan(try Descriptor.openForReading(layer.blob), name: name(layer))
    }

    static func name(_ layer: SandboxJob.Layer) -> String { "layer \(layer.diffID.short)" }

    /// Writes what an overlay left in its upper folder over `parent`; the file is on the disk when this returns.
    static func pack(
        _ upper: FilePath,
        over parent: RootFolder,
        to output: FilePath,
        timestamp: Int64
    ) throws -> SandboxResult.Layer {
        let file = try Descriptor.open(output, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        do {
            var writer = try TarWriter.open(to: file, name: "the step's layer")
            var options = LayerPacker.Options(source: .overlayUpper, latestTime: timestamp)
            // Which folders the kernel makes opaque depends on its version and on the way of making them (a rename is
            // enough), so only those stay so that hide a folder of the parent's.
            var opaque: Set<EntryPath> = []
            options.hidesSomething = { path in
                var above = path
                while !above.isRoot {
                    above = above.parent
                    if opaque.contains(above) { return false }
                }
                guard parent.hasFolder(at: path) else { return false }
                opaque.insert(path)
                return true
            }
            try LayerPacker.pack(try Descriptor.openFolder(upper), options: options, into: &writer)
            let written = try writer.finish()
            try file.sync()
            return SandboxResult.Layer(digest: written.digest, size: written.size)
        } catch {
            try? Files.removeFile(output)
            if let error = error as? LayerError, error.problem == .unsupported || error.problem == .limit {
                throw SandboxError(.step, "what the step left cannot be a layer: \(error)")
            }
            throw SandboxError.wrapping(error, while: "packing the step's layer")
        }
    }
}
