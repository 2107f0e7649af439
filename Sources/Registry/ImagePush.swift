package import OCI
package import Store
package import SystemIO

/// Pushes images: content first, then all tags or none.
///
/// A registry that has the manifest already gets nothing. What is put is asked for again, and has to be there.
package struct ImagePush: Sendable {
    let session: RegistrySession
    private let store: ArtifactStore
    /// Uploads at once.
    let width: Int
    /// Other repositories that are asked for each blob.
    private static let mostRelatives = 4
    private let silent = SilentRepositories()

    package init(session: RegistrySession, store: ArtifactStore, width: Int = 4) {
        self.session = session
        self.store = store
        self.width = width
    }

    /// Puts all that a tag needs into the repository of `destination`, and tags nothing.
    ///
    /// `image` is the manifest of the store, with uncompressed layers. `relatives` are references whose repositories
    /// may have some of the blobs: the first few of this registry are asked for them.
    package func content(
        of image: ImageManifest,
        to destination: Reference,
        packing: LayerPacking,
        relatives: [Reference] = []
    ) async throws -> PushedContent {
        let bare = try session.repository(destination, forPushing: true)
        let others = relatives.filter { $0.registry == destination.registry && $0.repository != destination.repository }
            .map { bare.host.repository($0) }
        let distinct = others.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let repositories = Array(distinct.prefix(Self.mostRelatives))
        var sources: [BlobSource] = []
        for layer in image.layers { sources.append(try await packing(layer)) }
        var manifest = image
        manifest.layers = sources.map(\.descriptor)
        let received = ReceivedManifest(mediaType: manifest.mediaType, own: manifest.json.canonicalBytes)
        var pushed = PushedContent(client: bare, manifest: received, configs: [manifest.config.digest])
        if try await bare.manifestDigest(received.digest.description) == received.digest {
            pushed.isUnchanged = true
            return pushed
        }
        let client = bare.reading(repositories)
        let blobs = Self.distinct([BlobSource(manifest.config, in: store)] + sources)
        try await withThrowingTaskGroup(of: (Int64, BlobPush).self) { group in
            var waiting = blobs[...]
            func startNext() {
                guard let blob = waiting.popFirst() else { return }
                group.addTask {
                    let outcome = try await client.push(blob, mountingFrom: repositories, exceptFor: silent)
                    return (blob.descriptor.size, outcome)
                }
            }
            for _ in 0..<width { startNext() }
            while let (size, outcome) = try await group.next() {
                pushed.count(outcome, size)
                startNext()
            }
        }
        try await bare.putManifest(received, as: received.digest.description)
        return pushed
    }

    private static func distinct(_ blobs: [BlobSource]) -> [BlobSource] {
        var seen: Set<Digest> = []
        return blobs.filter { seen.insert($0.descriptor.digest).inserted }
    }
}

/// What a repository has of an image, and what it took to bring it there.
package struct PushedContent: Sendable {
    let client: RepositoryClient
    let manifest: ReceivedManifest
    /// The identity of the image, or those of the images for all platforms, sorted.
    package let configs: [ImageIdentity]
    /// The images for all platforms, where it is an index.
    package internal(set) var parts: [PushedContent] = []
    /// The registry had all of it before.
    package var isUnchanged = false
    package private(set) var uploaded = 0
    /// Bytes.
    package private(set) var uploadedBytes: Int64 = 0
    package private(set) var mounted = 0
    package private(set) var present = 0

    init(client: RepositoryClient, manifest: ReceivedManifest, configs: [ImageIdentity]) {
        self.client = client
        self.manifest = manifest
        self.configs = configs.sorted()
    }

    package var manifestDigest: Digest { manifest.digest }

    /// Registry and repository as references write them.
    package var repository: String { client.name }

    /// Counts what it took to bring a part of it there.
    mutating func count(_ part: PushedContent) {
        uploaded += part.uploaded
        uploadedBytes += part.uploadedBytes
        mounted += part.mounted
        present += part.present
    }

    fileprivate mutating func count(_ outcome: BlobPush, _ size: Int64) {
        switch outcome {
        case .present: present += 1
        case .mounted: mounted += 1
        case .uploaded:
            uploaded += 1
            uploadedBytes += size
        }
    }
}
