import Baking
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
            layers: try await fetch(zip(image.manifest.layers, image.config.diffIDs).map(RemoteLayer.init)) {
                try await image.download($0, into: $1)
            },
            config: image.config,
            digest: image.manifest.config.digest,
            entry: image.entry
        )
    }

    /// Fetches the layers of a step's result, over those that the step started from.
    package func result(_ found: FoundResult, over parent: [Digest]) async throws -> [StoredBlob] {
        try await fetch(zip(found.stored, found.result.layers).map(RemoteLayer.init), over: parent) {
            try await found.download($0, into: $1)
        }
    }

    /// Gives what the store has, fetches the rest, and looks through every layer.
    private func fetch(
        _ layers: [RemoteLayer],
        over parent: [Digest] = [],
        _ download: @escaping RemoteLayer.Download
    ) async throws -> [StoredBlob] {
        // Layers with the same content are one.
        var seen: Set<Digest> = []
        let wanted = layers.filter { seen.insert($0.diffID).inserted }
        let known = try await BlockingPool.computing.run { cancellation in
            try explaining {
                try inParallel(wanted.count, threads: WorkerThread.processorCount) { index in
                    try cancellation.check()
                    return try storedLayer(wanted[index].diffID)
                }
            }
        }
        let missing = zip(wanted, known).filter { $1 == nil }.map(\.0)
        guard missing.allSatisfy({ $0.stored.size <= limits.totalBytes }) else {
            throw invalid("it has a layer of more than \(limits.totalBytes) bytes")
        }
        let found = known.compactMap(\.self) + (try await LayerFetch(base: self, download: download).run(missing))
        return try await BlockingPool.computing.run {
            try explaining {
                let catalog = LayerCatalog(store: store)
                let byDiffID = Dictionary(found.map { ($0.blob.digest, $0) }) { first, _ in first }
                return try stacked(
                    layers.compactMap { byDiffID[$0.diffID] },
                    over: try parent.map { try catalog.listing(of: $0) }
                )
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
