import Glibc
import Layers
package import OCI
package import Registry
import Store
import SystemIO
import SystemPackage

extension BaseImport {
    /// Fetches the layers of a registry's image that the store has not, several at once.
    ///
    /// What is fetched is verified twice: as the registry has it by the manifest, and uncompressed by the config.
    package func registry(_ image: RemoteImage) async throws -> ImportedBase {
        let work = try store.makeWorkFolder("pull")
        let wanted = Array(zip(image.manifest.layers, image.config.diffIDs).enumerated())
        let missing = try await BlockingPool.shared.run {
            try wanted.filter { try !store.hasIntactBlob($0.element.1) }
        }
        guard missing.allSatisfy({ $0.element.0.size <= limits.totalBytes }) else {
            throw invalid("it has a layer of more than \(limits.totalBytes) bytes")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var waiting = missing[...]
            func startNext() {
                guard let (index, (layer, _)) = waiting.popFirst() else { return }
                let path = work.path.appending("layer-\(index)")
                group.addTask {
                    let file = try SystemIO.Descriptor.open(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                    try await image.download(layer) { try file.write($0) }
                }
            }
            for _ in 0..<4 { startNext() }
            while try await group.next() != nil { startNext() }
        }
        let fetched = Set(missing.map(\.offset))
        return try await BlockingPool.shared.run {
            try explaining {
                var layers: [StoredBlob] = []
                var tree = try MergedTree(layers: [])
                for (index, (layer, diffID)) in wanted {
                    let file =
                        fetched.contains(index)
                        ? try SystemIO.Descriptor.openForReading(work.path.appending("layer-\(index)"))
                        : try store.openBlob(diffID)
                    layers.append(
                        try storeLayer(
                            file,
                            diffID: diffID,
                            isCompressed: layer.mediaType.layerCompression.map { $0 != .none },
                            over: &tree
                        )
                    )
                }
                return ImportedBase(
                    layers: layers,
                    config: image.config,
                    digest: image.manifest.config.digest,
                    entry: image.entry
                )
            }
        }
    }

    /// Puts an image that was fetched into the store, in our own form, and names it.
    ///
    /// The config keeps its bytes, and with them the image its identity.
    package func keep(_ image: RemoteImage, _ base: ImportedBase, as name: String) throws -> ContentDescriptor {
        let config = try store.putBlob(image.configBytes)
        let manifest = ImageManifest(
            config: ContentDescriptor(mediaType: .imageConfig, digest: config.digest, size: config.size),
            layers: base.layers.map { ContentDescriptor(mediaType: .layer, digest: $0.digest, size: $0.size) },
            artifactType: image.manifest.artifactType,
            annotations: image.manifest.annotations
        )
        let blob = try store.putBlob(manifest.json.canonicalBytes)
        let descriptor = ContentDescriptor(
            mediaType: manifest.mediaType,
            digest: blob.digest,
            size: blob.size,
            platform: image.config.platform
        )
        try store.setReference(name, descriptor)
        return descriptor
    }
}
