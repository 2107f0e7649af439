import Diagnostics
import FakeRegistry
import HTTPTransport
import Layers
import OCI
import Registry
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import ContainerImages

/// Bases of a registry, by the requests that it saw and what the store has afterwards.
@Suite struct RegistryImportTests {
    private let samples: SampleImages
    private let target: ArtifactStore
    private let layers: [ContentDescriptor]

    init() throws {
        let samples = try SampleImages()
        self.samples = samples
        target = try ArtifactStore.open(at: samples.folder.file("target"), mode: .readWrite)
        let compression = try #require(Compression("gzip-1"))
        layers = try (0..<6).map { index in
            let blob = try samples.layer(["file-\(index)": "\(index)"])
            // As pushes have them; the last as it is in the store, whose digest the config names.
            if index == 5 { return ContentDescriptor(mediaType: .layer, digest: blob.digest, size: blob.size) }
            let packed = try samples.store.compressed(blob.digest, as: compression)
            return ContentDescriptor(mediaType: .layerGzip, digest: packed.digest, size: packed.size)
        }
    }

    private func diffIDs() throws -> [Digest] {
        try (0..<6).map { try samples.layer(["file-\($0)": "\($0)"]).digest }
    }

    /// A registry that has the image, but for its last layer.
    private func registry(_ layers: [ContentDescriptor], _ diffIDs: [Digest]) async throws -> FakeRegistry {
        let registry = try await FakeRegistry.start()
        let config = ImageConfig(platform: Platform(architecture: hostArchitecture), diffIDs: diffIDs).bytes
        let manifest = ImageManifest(
            config: ContentDescriptor(
                mediaType: .imageConfig,
                digest: Digester.digest(of: config),
                size: Int64(config.count)
            ),
            layers: layers
        )
        registry.put(config, blobOf: "shop/web")
        for layer in layers.dropLast() {
            registry.put(try samples.store.readBlob(layer.digest), blobOf: "shop/web")
        }
        registry.put(
            manifest.json.canonicalBytes,
            manifestOf: "shop/web",
            as: ["1"],
            type: manifest.mediaType.description
        )
        return registry
    }

    /// Asks for the last layer only when all others are in the store.
    private struct LastLayerLast: RequestCarrier {
        let client: WebClient
        let last: Digest
        let areOthersStored: @Sendable () throws -> Bool

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            if "\(request.address)".hasSuffix("/blobs/\(last)") {
                while try !areOthersStored() {
                    try Task.checkCancellation()
                    await Task.yield()
                }
            }
            return try await client.send(request)
        }
    }

    private func pull(_ registry: FakeRegistry, waitingFor count: Int = 0) async throws -> ImportedBase {
        try await WebClient.with(trust: TrustSettings()) { client in
            let carrier = LastLayerLast(client: client, last: layers[5].digest) { [target] in
                try target.blobs().count >= count
            }
            let session = RegistrySession(
                carrier: carrier,
                credentials: AnonymousOnly(),
                insecure: InsecureHosts([registry.authority])
            )
            let platform = Platform(architecture: hostArchitecture)
            let image = try await ImagePull(session: session, platform: platform)
                .resolve(try Reference(parsing: "\(registry.authority)/shop/web:1"))
            return try await BaseImport(store: target, platform: platform, name: "shop/web", place: nil).registry(image)
        }
    }

    private func fetched(_ registry: FakeRegistry, since start: Int) -> [Digest] {
        registry.requests[start...].filter { $0.method == "GET" }
            .compactMap { request in layers.map(\.digest).first { request.path.hasSuffix("/blobs/\($0)") } }
            .sorted()
    }

    @Test func `what a pull has fetched before it failed the next one does not fetch`() async throws {
        let diffIDs = try diffIDs()
        let registry = try await registry(layers, diffIDs)
        let error = await #expect(throws: RegistryError.self) { try await pull(registry, waitingFor: 5) }
        #expect(error?.kind == .notFound)
        #expect(error?.message.hasSuffix("/blobs/\(layers[5].digest): 404 BLOB_UNKNOWN: no such blob") == true)
        #expect(fetched(registry, since: 0) == layers.map(\.digest).sorted())
        #expect(try target.blobs() == diffIDs.dropLast().sorted())
        #expect(try Files.names(in: target.temporaryFolder).isEmpty)

        // Nothing refers to them yet: they go with a collection, which waits for pulls and bakes.
        let announcement = try target.announceBake()
        #expect(try target.tryLockAgainstBakes() == nil)
        announcement.release()
        let garbage = try target.garbage(beside: KeepRule(), now: 0)
        #expect(garbage.items.filter { $0.kind == .blob }.map(\.name) == diffIDs.dropLast().map(\.hex).sorted())

        registry.put(try samples.store.readBlob(layers[5].digest), blobOf: "shop/web")
        let start = registry.requests.count
        let base = try await pull(registry)
        #expect(fetched(registry, since: start) == [layers[5].digest])
        #expect(base.layers.map(\.digest) == diffIDs)
        for diffID in diffIDs { try target.verify(diffID) }
        #expect(try Files.names(in: target.temporaryFolder).isEmpty)
    }

    @Test func `a layer with another content is refused, and the others stay`() async throws {
        let diffIDs = try diffIDs()
        let registry = try await registry(layers, diffIDs)
        var bytes = try samples.store.readBlob(layers[5].digest)
        bytes[0] ^= 1
        registry.put(bytes, blobOf: "shop/web", as: layers[5].digest)
        let error = await #expect(throws: RegistryError.self) { try await pull(registry, waitingFor: 5) }
        #expect(
            error?.message == "the blob '\(layers[5].digest)' of '\(registry.authority)/shop/web' has another content, "
                + "with the digest '\(Digester.digest(of: bytes))'"
        )
        #expect(try target.blobs() == diffIDs.dropLast().sorted())
    }

    @Test func `a layer that is not what the config says is refused, and the others stay`() async throws {
        var diffIDs = try diffIDs()
        diffIDs[5] = Digester.digest(of: Array("other".utf8))
        let registry = try await registry(layers, diffIDs)
        registry.put(try samples.store.readBlob(layers[5].digest), blobOf: "shop/web")
        let error = await #expect(throws: InvalidInput.self) { try await pull(registry, waitingFor: 5) }
        #expect(
            error?.description == """
                error: the base 'shop/web' cannot be used [invalid-base]
                  why: the layer '\(diffIDs[5])' is not what its config says: its content has the digest '\(layers[5].digest)'
                """
        )
        #expect(try target.blobs() == diffIDs.dropLast().sorted())
        #expect(try Files.names(in: target.temporaryFolder).isEmpty)
    }

    @Test func `layers that are equal are fetched once, and one that is damaged in the store again`() async throws {
        let diffIDs = try diffIDs()
        let order = [0, 1, 0, 2, 5, 5]
        let registry = try await registry(order.map { layers[$0] }, order.map { diffIDs[$0] })
        registry.put(try samples.store.readBlob(layers[5].digest), blobOf: "shop/web")
        #expect(try await pull(registry).layers.map(\.digest) == order.map { diffIDs[$0] })
        #expect(fetched(registry, since: 0) == [0, 1, 2, 5].map { layers[$0].digest }.sorted())

        var bytes = try target.readBlob(diffIDs[1])
        bytes[0] ^= 1
        try AtomicFile.write(bytes, to: target.blobPath(diffIDs[1]))
        let start = registry.requests.count
        #expect(try await pull(registry).layers.map(\.digest) == order.map { diffIDs[$0] })
        #expect(fetched(registry, since: start) == [layers[1].digest])
        try target.verify(diffIDs[1])
    }
}
