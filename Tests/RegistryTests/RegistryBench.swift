import FakeRegistry
import HTTPTransport
import OCI
import Registry
import Store
import Synchronization
import SystemIO
import TestSupport

/// A store with one image, and a session with registries that waits for nothing.
final class RegistryBench: Sendable {
    static let user = "baker"
    static let password = "pass/word+secret"

    /// Tests wait for each other where there are few processors, longer than a user would for a server.
    static let patience = WebClient.Timeouts(connect: .seconds(600), idle: .seconds(600))

    let folder: TemporaryFolder
    let store: ArtifactStore
    let image: ImageManifest
    /// The pauses that were asked for.
    let pauses = Mutex<[Duration]>([])

    init(layers: [[UInt8]] = [RegistryBench.bytes(300_000, seed: 1), RegistryBench.bytes(5, seed: 2)]) throws {
        folder = try TemporaryFolder()
        store = try ArtifactStore.open(at: folder.file("store"), mode: .readWrite)
        var descriptors: [ContentDescriptor] = []
        for layer in layers {
            let blob = try store.putBlob(layer)
            descriptors.append(ContentDescriptor(mediaType: .layer, digest: blob.digest, size: blob.size))
        }
        let config = ImageConfig(platform: Platform(architecture: "amd64"), diffIDs: descriptors.map(\.digest))
        let blob = try store.putBlob(config.bytes)
        image = ImageManifest(
            config: ContentDescriptor(mediaType: .imageConfig, digest: blob.digest, size: blob.size),
            layers: descriptors
        )
    }

    /// Config and layers.
    var blobs: [ContentDescriptor] { [image.config] + image.layers }

    /// Bytes that no two seeds have in common.
    static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    func session(
        _ carrier: any RequestCarrier,
        insecure: [String],
        credentials: any CredentialSource = Known(),
        pace: RegistrySession.Pace = .init()
    ) -> RegistrySession {
        RegistrySession(
            carrier: carrier,
            credentials: credentials,
            insecure: InsecureHosts(insecure),
            policy: RetryPolicy(attempts: 4),
            clock: RetryClock(
                now: { 1_700_000_000 },
                steady: { Double(SystemClock.steady) / 1e9 },
                wait: { pause in self.pauses.withLock { $0.append(pause) } },
                jitter: { 0 }
            ),
            pace: pace
        )
    }

    /// The one password that exists.
    struct Known: CredentialSource {
        func credential(for names: [String]) -> Credential? {
            RegistryBench.login
        }
    }

    /// One login for each name.
    struct Logins: CredentialSource {
        let known: [String: Credential]

        init(_ known: [String: Credential]) { self.known = known }

        func credential(for names: [String]) -> Credential? { names.lazy.compactMap { known[$0] }.first }
    }

    static let login = Credential.basic(user: user, password: password)

    static let basic = FakeRegistry.Protection.basic(user: user, password: password)
    static func bearer(uses: Int = 1_000_000, isPublic: Bool = false) -> FakeRegistry.Protection {
        .bearer(user: user, password: password, uses: uses, isPublic: isPublic)
    }

    /// Pushes the image as `shop/web:1.0`.
    @discardableResult
    func push(
        to registry: FakeRegistry,
        packing: LayerPacking? = nil,
        relatives: [String] = [],
        others: [FakeRegistry] = [],
        credentials: any CredentialSource = Known(),
        timeouts: WebClient.Timeouts = RegistryBench.patience
    ) async throws -> PushedContent {
        try await WebClient.with(trust: TrustSettings(), timeouts: timeouts) { client in
            let insecure = [registry.authority] + others.map(\.authority)
            let session = session(client, insecure: insecure, credentials: credentials)
            let push = ImagePush(session: session, store: store)
            let content = try await push.content(
                of: image,
                to: try Reference(parsing: "\(registry.authority)/shop/web"),
                packing: packing ?? BlobSource.storedForm(in: store),
                relatives: try relatives.map { try Reference(parsing: "\(registry.authority)/\($0)") }
            )
            _ = try await push.tag([PushedTag(content, tag: "1.0", isVersion: true)])
            return content
        }
    }

    /// The error with which a push ends, without the port.
    func failure(
        pushingTo registry: FakeRegistry,
        others: [FakeRegistry] = [],
        timeouts: WebClient.Timeouts = RegistryBench.patience
    ) async -> String {
        do {
            try await push(to: registry, others: others, timeouts: timeouts)
            return "it succeeded"
        } catch {
            return plain("\(error)", registry)
        }
    }

    /// What is resolved, and the bytes of its layers.
    func pull(
        _ name: String,
        from registry: FakeRegistry,
        others: [FakeRegistry] = [],
        credentials: any CredentialSource = Known(),
        timeouts: WebClient.Timeouts = RegistryBench.patience,
        pace: RegistrySession.Pace = .init()
    ) async throws -> (image: RemoteImage, layers: [[UInt8]]) {
        try await WebClient.with(trust: TrustSettings(), timeouts: timeouts) { client in
            let insecure = [registry.authority] + others.map(\.authority)
            let session = session(client, insecure: insecure, credentials: credentials, pace: pace)
            let pull = ImagePull(session: session, platform: Platform(architecture: "amd64"))
            let image = try await pull.resolve(try Reference(parsing: "\(registry.authority)/\(name)"))
            var layers: [[UInt8]] = []
            for layer in image.manifest.layers {
                let bytes = Received()
                try await image.download(layer) { piece in bytes.content.withLock { $0 += piece } }
                layers.append(bytes.content.withLock { $0 })
            }
            return (image, layers)
        }
    }

    func failure(
        pulling name: String,
        from registry: FakeRegistry,
        others: [FakeRegistry] = [],
        credentials: any CredentialSource = Known(),
        timeouts: WebClient.Timeouts = RegistryBench.patience,
        pace: RegistrySession.Pace = .init()
    ) async -> String {
        do {
            _ = try await pull(
                name,
                from: registry,
                others: others,
                credentials: credentials,
                timeouts: timeouts,
                pace: pace
            )
            return "it succeeded"
        } catch {
            return plain("\(error)", registry)
        }
    }

    func plain(_ text: String, _ registry: FakeRegistry) -> String {
        text.split(separator: registry.authority, omittingEmptySubsequences: false).joined(separator: "HOST")
    }

    private final class Received: Sendable {
        let content = Mutex<[UInt8]>([])
    }
}

extension FakeRegistry {
    /// Puts an image there, and gives the bytes of its manifest.
    @discardableResult
    func hold(_ bench: RegistryBench, as name: String = "1.0") throws -> [UInt8] {
        for blob in [bench.image.config] + bench.image.layers {
            put(try bench.store.readBlob(blob.digest), blobOf: "shop/web")
        }
        let bytes = bench.image.json.canonicalBytes
        put(bytes, manifestOf: "shop/web", as: [name], type: bench.image.mediaType.description)
        return bytes
    }

    /// Whether anything was shown to this host that belongs to another.
    var sawCredentials: Bool { requests.contains { $0.headers["authorization"] != nil } }

    /// Whether the tag stands for the whole image.
    func holdsImage(_ bench: RegistryBench) -> Bool {
        manifest("shop/web", "1.0") == bench.image.json.canonicalBytes
            && ([bench.image.config] + bench.image.layers).allSatisfy { blob("shop/web", $0.digest) != nil }
    }
}
