package import Diagnostics
import Layers
import OCI
import Planning
package import Store
package import SystemIO
package import SystemPackage

extension DiagnosticIdentifier {
    /// The place that an export should go to is taken.
    package static let outputExists: Self = "output-exists"
    /// Names of project, image and version make no name that an engine takes.
    package static let unusableName: Self = "unusable-name"
}

/// Writes an image to a file or folder.
///
/// All of it appears at its place whole or not at all, and is the same bytes each time. Blocks; call from `BlockingPool`.
package struct ImageExport {
    private let store: ArtifactStore
    private let content: StoredContent
    private let project: String
    private let name: String
    private let version: String
    private let cancellation: CancellationFlag

    /// What is written when `cancellation` is set is given up, and leaves nothing behind.
    package init(
        _ content: StoredContent,
        in store: ArtifactStore,
        project: String,
        name: String,
        version: String,
        cancellation: CancellationFlag = CancellationFlag()
    ) {
        self.store = store
        self.content = content
        self.project = project
        self.name = name
        self.version = version
        self.cancellation = cancellation
    }

    /// `PROJECT/IMAGE:VERSION`: what the image is called on an engine.
    package func engineName() throws(InvalidInput) -> String {
        let text = Planning.engineName(project: project, image: name, version: version)
        do {
            let reference = try Reference(parsing: text)
            if reference.registry == nil { return text }
        } catch {
            throw InvalidInput(
                Diagnostic(
                    "image '\(name)' has no name for a container engine",
                    .unusableName,
                    why: "\(error)",
                    fix: "use names of lower-case letters and digits, joined by '-', '.' or '_'"
                )
            )
        }
        throw InvalidInput(
            Diagnostic(
                "image '\(name)' has no name for a container engine",
                .unusableName,
                why: "'\(project)' would be taken for the name of a registry",
                fix: "use a project name without a dot"
            )
        )
    }

    /// An OCI layout that names the image by its version: one tar where the path ends in `.tar`, else a folder.
    ///
    /// With `force` a folder that holds a layout already, or a tar, is replaced; anything else never is. `leftover` is told
    /// what of a folder could not be removed.
    package func oci(
        to path: FilePath,
        force: Bool = false,
        leftover: (FilePath, SystemError) -> Void = { _, _ in }
    ) throws {
        let layout = ExportedLayout(content, name: version)
        if path.extension == "tar" { return try archive(layout, to: path, force: force) }
        try checkTarget(path, force: force)
        try AtomicOutput.folder(path, replaces: force, leftover: leftover) {
            try layout.write(to: $0, from: store, cancellation: cancellation)
        }
    }

    /// What `docker load` takes: an OCI layout with a `manifest.json`, as one tar.
    package func dockerArchive(to path: FilePath, force: Bool = false) throws {
        let layout = ExportedLayout(
            .image(try content.image(named: name)),
            name: version,
            engineNames: [try engineName()]
        )
        try archive(layout, to: path, force: force)
    }

    /// The tree that the layers make, as one tar: no whiteouts, each file once.
    package func rootfs(to path: FilePath, force: Bool = false) throws {
        let image = try content.image(named: name)
        try Self.checkFile(path, force: force)
        let layers = try image.manifest.layers.map { try store.openBlob($0.digest, verify: true) }
        let listings = try zip(layers, image.config.diffIDs).map { file, diffID in
            try LayerListing.scan(file, name: "layer '\(diffID)'")
        }
        let tree = try MergedTree(layers: listings, names: image.config.diffIDs.map { "layer '\($0)'" })
        try AtomicOutput.file(path) { file in
            var writer = try TarWriter.open(to: file, name: path.string)
            var failure: (any Error)?
            do {
                try tree.flattened { (entry, contents) throws(LayerError) in
                    guard let contents else { return try writer.append(entry) }
                    var position = contents.offset
                    try writer.append(entry) { (buffer) throws(LayerError) in
                        do {
                            try cancellation.check()
                            let count = try layers[contents.layer].read(into: buffer, at: position)
                            position += Int64(count)
                            return count
                        } catch {
                            failure = error
                            throw LayerError(.changed, path.string, "a layer cannot be read")
                        }
                    }
                }
            } catch {
                throw failure ?? error
            }
            _ = try writer.finish()
        }
    }

    private func archive(_ layout: ExportedLayout, to path: FilePath, force: Bool) throws {
        try Self.checkFile(path, force: force)
        try AtomicOutput.file(path) { file in
            try layout.archive(from: store, name: path.string, cancellation: cancellation) {
                (bytes) throws(SystemError) in try file.write(bytes)
            }
        }
    }

    /// Refuses a file that exists, unless it has a mark, that of a tar by default, and `force` is set; a symlink is replaced as
    /// itself.
    package static func checkFile(
        _ path: FilePath,
        force: Bool,
        mark: [UInt8] = Array("ustar".utf8),
        at place: Int = 257
    ) throws {
        try checkTarget(path, force: force, kind: .regular) { file in
            var head = [UInt8](repeating: 0, count: place + mark.count)
            guard let file = try? Descriptor.openForReading(file),
                let count = try? head.withUnsafeMutableBytes({ try file.read(into: $0, at: 0) })
            else { return false }
            return count == head.count && head[place...].elementsEqual(mark)
        }
    }

    private func checkTarget(_ path: FilePath, force: Bool) throws {
        try Self.checkFolder(path, force: force) { folder in
            // A store is a layout too, and more than an exported image.
            Files.exists(folder.appending("oci-layout")) && !Files.exists(folder.appending("ovenbird"))
        }
    }

    /// Refuses a folder that exists, unless it is an exported one and `force` is set.
    package static func checkFolder(_ path: FilePath, force: Bool, isExport: (FilePath) -> Bool) throws {
        try checkTarget(path, force: force, kind: .directory, isExport: isExport)
    }

    private static func checkTarget(
        _ path: FilePath,
        force: Bool,
        kind: FileKind,
        isExport: (FilePath) -> Bool
    ) throws {
        guard let existing = try FileStatus.ofExisting(path) else { return }
        let isExport = existing.kind == kind && isExport(path)
        if isExport, force { return }
        throw InvalidInput(
            Diagnostic(
                "'\(path)' exists already",
                .outputExists,
                why: isExport ? nil : "it is not something exported, so it is not replaced",
                fix: isExport ? "name another place, or pass '--force' to replace it" : "name another place"
            )
        )
    }
}
