import FakeRegistry
import Glibc
import Layers
import OCI
import Registry
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

/// Layers that are compressed on their way to a registry.
@Suite struct CompressedPushTests {
    @Test(arguments: ["gzip-1", "gzip-6", "zstd-3"])
    func `gzip and zstd give the layers back, and no layer is compressed twice`(form: String) async throws {
        let bench = try RegistryBench()
        let compression = try #require(Compression(form))
        let registry = try await FakeRegistry.start()
        let packing = BlobSource.compressed(compression, in: bench.store)
        try await bench.push(to: registry, packing: packing)
        let bytes = try #require(registry.manifest("shop/web", "1.0"))
        let manifest = try ImageManifest(decoding: bytes)
        #expect(manifest.config == bench.image.config)
        let folder = try TemporaryFolder()
        for (layer, original) in zip(manifest.layers, bench.image.layers) {
            #expect(layer.mediaType == (compression.codec == .gzip ? .layerGzip : .layerZstd))
            #expect(layer.annotations == ["ovenbird.compression": form])
            let blob = try #require(registry.blob("shop/web", layer.digest))
            try folder.write(blob, to: "layer")
            let plain = folder.file("plain").string
            try await requireTool(
                "sh",
                ["-c", "\(compression.codec) -dc < \(folder.file("layer")) > \(plain)"]
            )
            #expect(try Digester.digest(of: Files.read(FilePath(plain))) == original.digest)
        }
        // What is remembered needs the layer itself no more.
        for layer in bench.image.layers { try bench.store.removeBlob(layer.digest) }
        let again = try await bench.push(to: registry, packing: packing)
        #expect(again.isUnchanged)
    }

    @Test func `a layer that is damaged in the store is not sent`() async throws {
        let bench = try RegistryBench()
        let layer = try #require(bench.image.layers.first)
        let path = bench.store.blobPath(layer.digest)
        var bytes = try Files.read(path)
        bytes[0] ^= 1
        try AtomicFile.write(bytes, to: path)
        let registry = try await FakeRegistry.start()
        let error = await #expect(throws: StoreError.self) {
            try await bench.push(to: registry, packing: BlobSource.compressed(.standard, in: bench.store))
        }
        let text = try #require(error).description
        #expect(text.hasPrefix("the blob '\(layer.digest)' is damaged: its content has the digest 'sha256:"), "\(text)")
        #expect(registry.requests.isEmpty)
        #expect(try Files.names(in: path.removingLastComponent()).count == 3, "nothing half made stays")
    }

    @Test func `compressed layers go with the layers that they are of`() async throws {
        let bench = try RegistryBench()
        let store = bench.store
        let kept = try #require(bench.image.layers.first)
        _ = try store.compressed(kept.digest, as: .standard)
        let doomed = try #require(bench.image.layers.last)
        let form = try store.compressed(doomed.digest, as: .standard)
        let manifest = ImageManifest(config: bench.image.config, layers: [kept])
        let blob = try store.putBlob(manifest.json.canonicalBytes)
        try store.setReference(
            "kept",
            ContentDescriptor(mediaType: manifest.mediaType, digest: blob.digest, size: blob.size)
        )
        let garbage = try store.garbage(beside: KeepRule(), now: 0)
        _ = try store.collect(garbage)
        #expect(!store.hasBlob(doomed.digest) && !store.hasBlob(form.digest))
        #expect(try store.compressed(kept.digest, as: .standard).size > 0)
        #expect(throws: (any Error).self) { try store.compressed(doomed.digest, as: .standard) }
    }
}
