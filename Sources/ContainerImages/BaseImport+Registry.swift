import Baking
import Glibc
import Layers
package import OCI
package import Registry
package import Store
package import SystemIO
import SystemPackage

extension BaseImport {
    /// Fetches the layers of a registry's image that the store has not.
    ///
    /// What is fetched is verified twice: as the registry has it by the manifest, and uncompressed by the config.
    package func registry(_ image: RemoteImage) async throws -> ImportedBase {
        ImportedBase(
            layers: try await fetch(Array(zip(image.manifest.layers, image.config.diffIDs))) {
                try await image.download($0, into: $1)
            },
            config: image.config,
            digest: image.manifest.config.digest,
            entry: image.entry
        )
    }

    /// Fetches the layers of a step's result, over those that the step started from.
    package func result(_ found: FoundResult, over parent: [Digest]) async throws -> [StoredBlob] {
        try await fetch(Array(zip(found.stored, found.result.layers)), over: parent) {
            try await found.download($0, into: $1)
        }
    }

    private typealias Download =
        @Sendable (ContentDescriptor, @escaping @Sendable ([UInt8]) throws -> Void) async throws -> Void

    /// Fetches what the store has not, several at once, and looks through every layer.
    private func fetch(
        _ layers: [(stored: ContentDescriptor, diffID: Digest)],
        over parent: [Digest] = [],
        _ download: @escaping Download
    ) async throws -> [StoredBlob] {
        let work = try store.makeWorkFolder("pull")
        let wanted = Array(layers.enumerated())
        let missing = try await BlockingPool.shared.run {
            try wanted.filter { try !store.hasIntactBlob($0.element.diffID) }
        }
        guard missing.allSatisfy({ $0.element.stored.size <= limits.totalBytes }) else {
            throw invalid("it has a layer of more than \(limits.totalBytes) bytes")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = missing[...]
            func startNext() {
                guard let (index, (layer, _)) = waiting.popFirst() else { return }
                let path = work.path.appending("layer-\(index)")
                group.addTask {
                    let file = try SystemIO.Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                    try await download(layer) { try file.write($0) }
                }
            }
            for _ in 0..<4 { startNext() }
            while try await group.next() != nil { startNext() }
        }
        let fetched = Set(missing.map(\.offset))
        return try await BlockingPool.shared.run {
            try explaining {
                let catalog = LayerCatalog(store: store)
                var tree = try MergedTree(layers: try parent.map { try catalog.listing(of: $0) })
                return try wanted.map { index, layer in
                    let file =
                        fetched.contains(index)
                        ? try SystemIO.Descriptor.openForReading(work.path.appending("layer-\(index)"))
                        : try store.openBlob(layer.diffID)
                    return try storeLayer(
                        file,
                        diffID: layer.diffID,
                        isCompressed: layer.stored.mediaType.layerCompression.map { $0 != .none },
                        over: &tree
                    )
                }
            }
        }
    }

    /// Puts an image that was fetched into the store, and names it.
    package func keep(_ image: RemoteImage, _ base: ImportedBase, as name: String) throws -> ContentDescriptor {
        let descriptor = try store(image, base)
        try store.setReference(name, descriptor)
        return descriptor
    }

    /// Puts an image that was fetched into the store, in our own form, under no name.
    ///
    /// The config keeps its bytes, and with them the image its identity.
    package func store(_ image: RemoteImage, _ base: ImportedBase) throws -> ContentDescriptor {
        let config = try store.putBlob(image.configBytes)
        let manifest = ImageManifest(
            config: ContentDescriptor(mediaType: .imageConfig, digest: config.digest, size: config.size),
            layers: base.layers.map { ContentDescriptor(mediaType: .layer, digest: $0.digest, size: $0.size) },
            artifactType: image.manifest.artifactType,
            annotations: image.manifest.annotations
        )
        let blob = try store.putBlob(manifest.json.canonicalBytes)
        return ContentDescriptor(
            mediaType: manifest.mediaType,
            digest: blob.digest,
            size: blob.size,
            platform: image.config.platform
        )
    }
}
