package import Bakefiles
package import Baking
package import ContainerImages
import Glibc
import Layers
package import OCI
import Planning
package import Store
package import SystemIO
package import SystemPackage

/// What goes wrong with step bundles, apart from the store and the system.
package enum BundleError: Error, Hashable, CustomStringConvertible {
    /// An input is not what the step had used.
    case changed(path: String, step: String)
    /// The store has no bundles of the image.
    case missing(image: String)

    package var description: String {
        switch self {
        case .changed(let path, let step): "'\(path)' changed while '\(step)' was baked: bake again"
        case .missing(let image): "the store has no step bundles of '\(image)': bake it again"
        }
    }
}

/// The step bundles of a machine image: one tar for each step, an account of what they start from, and an index.
///
/// They lie in the store as the blobs of one OCI artifact whose subject is the image, so any OCI tool can carry them along.
/// Blocks; call from `BlockingPool`.
package enum StepBundles {
    private static let keyAnnotation = "ovenbird.step-bundles.key"
    private static let titleAnnotation = "org.opencontainers.image.title"

    /// Stages the bundles of an image; those that are in the store already are left as they are.
    ///
    /// `open` opens an input of the Bakefile. Answers what an index says of the artifact.
    @discardableResult
    package static func stage(
        _ image: BundledImage,
        in store: ArtifactStore,
        layers catalog: LayerCatalog,
        open: (InputPath) throws -> SystemIO.Descriptor
    ) throws -> ContentDescriptor {
        let name = storeName(project: image.project, image: image.name, identity: image.identity)
        let key = self.key(of: image)
        if let known = try store.reference(name), let manifest = try? manifest(known.digest, in: store),
            manifest.annotations[keyAnnotation] == key.description,
            manifest.layers.allSatisfy({ store.hasBlob($0.digest, size: $0.size) })
        {
            return ContentDescriptor(
                mediaType: known.mediaType,
                digest: known.digest,
                size: known.size,
                artifactType: known.artifactType
            )
        }
        var tree = try MergedTree(layers: try image.start.layers.map { try catalog.listing(of: $0) })
        var steps: [(part: BundledImage.Part, blob: StoredBlob)] = []
        for part in image.steps {
            let listings = try part.layers.map { try catalog.listing(of: $0) }
            var bundle = try StepBundle(part, of: image, store: store)
            steps.append((part, try bundle.write(over: tree, listings: listings, open: open)))
            // Each is put on what the machine has, whatever that is.
            if image.start.ami == nil { tree = try tree.adding(listings) }
        }
        return try store.keep(image, steps, name: name, key: key)
    }

    /// Writes the bundles of an image into a folder, which must not be there unless `force` is set.
    ///
    /// The folder then holds `index.json`, `00-from.json` and `01-STEP.tar` and so on; apply the tars in this order.
    package static func export(
        _ image: StoredImage,
        from store: ArtifactStore,
        project: String,
        name: String,
        to folder: FilePath,
        force: Bool = false,
        cancellation: CancellationFlag = CancellationFlag(),
        leftover: (FilePath, SystemError) -> Void = { _, _ in }
    ) throws {
        guard let entry = try store.reference(storeName(project: project, image: name, identity: image.identity)) else {
            throw BundleError.missing(image: name)
        }
        let manifest = try manifest(entry.digest, in: store)
        try ImageExport.checkFolder(folder, force: force) { isBundleFolder($0) }
        try AtomicOutput.folder(folder, replaces: force, leftover: leftover) { place in
            for blob in manifest.layers {
                guard let title = blob.annotations[titleAnnotation], title.pathComponents == [title],
                    title.utf8.first != UInt8(ascii: ".")
                else {
                    continue
                }
                let file = try SystemIO.Descriptor.open(place.appending(title), flags: openNewFlags, mode: 0o644)
                try store.forEachPiece(ofBlob: blob.digest, size: blob.size) { piece in
                    try cancellation.check()
                    try file.write(piece)
                }
                try file.sync()
            }
        }
    }

    /// The name of the bundles in the store's `index.json`.
    static func storeName(project: String, image: String, identity: Digest) -> String {
        AssembledImage.storeName(project: project, image: image) + "--step-bundles.\(identity.hex)"
    }

    private static func isBundleFolder(_ folder: FilePath) -> Bool {
        let bytes = try? Files.read(folder.appending("index.json"), limit: DocumentLimit.bytes)
        return bytes.flatMap { try? JSONValue.parse($0) }?["step-bundles"] != nil
    }

    static func manifest(_ digest: Digest, in store: ArtifactStore) throws -> ImageManifest {
        try ImageManifest(decoding: try store.readBlob(digest, limit: DocumentLimit.bytes))
    }

    /// Equal for images whose bundles are equal.
    private static func key(of image: BundledImage) -> Digest {
        let document = JSONValue.object([
            "form": .integer(StepBundle.form),
            "project": .string(image.project),
            "image": .string(image.name),
            "identity": .string(image.identity.description),
            "timestamp": .integer(image.timestamp),
            "from": fromDocument(image),
            "steps": .array(
                image.steps.map { part in
                    .object([
                        "step": .string(part.address), "title": .string(part.title), "definition": part.definition,
                        "layers": .strings(part.layers.map(\.description)),
                    ])
                }
            ),
        ])
        return Digester.digest(of: document.canonicalBytes)
    }

    fileprivate static func fromDocument(_ image: BundledImage) -> JSONValue {
        .object([
            "bundle": .integer(StepBundle.form),
            "image": .string(image.name),
            "step": "from",
            "title": .string(ShellScript.line(image.start.title)),
            "definition": image.start.definition,
            "layers": .strings(image.start.layers.map(\.description)),
            "source": image.start.ami,
        ])
    }

    fileprivate static func annotations(key: Digest) -> [String: String] { [keyAnnotation: key.description] }

    fileprivate static func annotations(title: String) -> [String: String] { [titleAnnotation: title] }
}

extension ArtifactStore {
    /// Writes the documents about the bundles, and names the artifact last.
    fileprivate func keep(
        _ image: BundledImage,
        _ steps: [(part: BundledImage.Part, blob: StoredBlob)],
        name: String,
        key: Digest
    ) throws -> ContentDescriptor {
        let width = max(2, String(steps.count).count)
        let files = steps.enumerated().map { number, step in
            let digits = String(number + 1)
            let address = String(step.part.address.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
            return String(repeating: "0", count: width - digits.count) + digits + "-\(address).tar"
        }
        let from = try putBlob(StepBundles.fromDocument(image).canonicalBytes)
        let fromFile = String(repeating: "0", count: width) + "-from.json"
        let index = try putBlob(
            JSONValue.object([
                "step-bundles": .integer(StepBundle.form),
                "project": .string(image.project),
                "image": .string(image.name),
                "identity": .string(image.identity.description),
                "architecture": .string(image.architecture),
                "from": entry(fromFile, from, nil),
                "steps": .array(zip(files, steps).map { entry($0, $1.blob, $1.part) }),
            ]).canonicalBytes
        )
        let empty = try putBlob(Array("{}".utf8))
        let documents = [("index.json", index, MediaType.stepBundleIndex), (fromFile, from, .stepBundleStart)]
        let blobs = documents + zip(files, steps).map { ($0, $1.blob, .stepBundle) }
        let manifest = ImageManifest(
            config: ContentDescriptor(mediaType: .emptyDocument, digest: empty.digest, size: empty.size),
            layers: blobs.map { file, blob, mediaType in
                ContentDescriptor(
                    mediaType: mediaType,
                    digest: blob.digest,
                    size: blob.size,
                    annotations: StepBundles.annotations(title: file)
                )
            },
            artifactType: .stepBundles,
            subject: ContentDescriptor(
                mediaType: image.manifest.mediaType,
                digest: image.manifest.digest,
                size: image.manifest.size
            ),
            annotations: StepBundles.annotations(key: key)
        )
        let stored = try putBlob(manifest.json.canonicalBytes)
        let descriptor = ContentDescriptor(
            mediaType: .imageManifest,
            digest: stored.digest,
            size: stored.size,
            artifactType: .stepBundles
        )
        try setReference(name, descriptor)
        return descriptor
    }

    private func entry(_ file: String, _ blob: StoredBlob, _ part: BundledImage.Part?) -> JSONValue {
        .object([
            "file": .string(file), "digest": .string(blob.digest.description), "size": .integer(blob.size),
            "step": .string(part?.address ?? "from"), "title": part.map { .string(ShellScript.line($0.title)) },
        ])
    }
}

/// For a file that must not be there yet.
let openNewFlags = O_RDWR | O_CREAT | O_EXCL
