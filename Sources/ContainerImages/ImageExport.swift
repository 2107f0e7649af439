package import Diagnostics
import Layers
import OCI
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
    private let image: StoredImage
    private let project: String
    private let name: String
    private let version: String

    package init(_ image: StoredImage, in store: ArtifactStore, project: String, name: String, version: String) {
        self.store = store
        self.image = image
        self.project = project
        self.name = name
        self.version = version
    }

    /// `PROJECT/IMAGE:VERSION`: what the image is called on an engine.
    package func engineName() throws(InvalidInput) -> String {
        let text = "\(project)/\(name):\(version)"
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
    /// With `force` a folder that holds a layout already is replaced; another folder never is. `leftover` is told what of
    /// it could not be removed.
    package func oci(
        to path: FilePath,
        force: Bool = false,
        leftover: (FilePath, SystemError) -> Void = { _, _ in }
    ) throws {
        let layout = ExportedLayout(image, name: version)
        if path.extension == "tar" { return try archive(layout, to: path) }
        try checkTarget(path, force: force)
        try AtomicOutput.folder(path, replaces: force, leftover: leftover) { try layout.write(to: $0, from: store) }
    }

    /// What `docker load` takes: an OCI layout with a `manifest.json`, as one tar.
    package func dockerArchive(to path: FilePath) throws {
        try archive(ExportedLayout(image, name: version, engineNames: [try engineName()]), to: path)
    }

    /// The tree that the layers make, as one tar: no whiteouts, each file once.
    package func rootfs(to path: FilePath) throws {
        let layers = try image.manifest.layers.map { try store.openBlob($0.digest, verify: true) }
        let listings = try zip(layers, image.config.diffIDs).map { file, diffID in
            try LayerListing.scan(file, name: "layer '\(diffID)'")
        }
        let tree = try MergedTree(layers: listings, names: image.config.diffIDs.map { "layer '\($0)'" })
        try AtomicOutput.file(path) { file in
            var writer = try TarWriter.open(to: file, name: path.string)
            try tree.flattened { (entry, contents) throws(LayerError) in
                if let contents {
                    try writer.append(entry, slice: layers[contents.layer], at: contents.offset)
                } else {
                    try writer.append(entry)
                }
            }
            _ = try writer.finish()
        }
    }

    private func archive(_ layout: ExportedLayout, to path: FilePath) throws {
        try AtomicOutput.file(path) { file in
            try layout.archive(from: store, name: path.string) { (bytes) throws(SystemError) in try file.write(bytes) }
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
        guard let existing = try FileStatus.ofExisting(path) else { return }
        let isExport = existing.kind == .directory && isExport(path)
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
