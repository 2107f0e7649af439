import Bakefiles
package import Diagnostics
package import Layers
package import OCI
package import Store
package import SystemIO

extension DiagnosticIdentifier {
    /// An image for several platforms where one for a single platform is needed.
    package static let severalPlatforms: Self = "several-platforms"
}

/// What the name of an image stands for in a store: an image, or one for each of several platforms.
package enum StoredContent: Sendable, Hashable {
    case image(StoredImage)
    case platforms(PlatformIndex)

    /// Reads the documents, all verified.
    ///
    /// Throws `StoreError` where one is missing or damaged, `DocumentError` where one is not what it should be.
    package init(manifest digest: Digest, in store: ArtifactStore) throws {
        let bytes = try store.readBlob(digest, limit: DocumentLimit.bytes)
        let isIndex = try JSONValue.parse(bytes, limit: DocumentLimit.bytes)["manifests"] != nil
        if isIndex {
            self = .platforms(try PlatformIndex(digest, bytes, in: store))
        } else {
            self = .image(try StoredImage(digest, bytes, in: store))
        }
    }

    /// What an index says of it, without a name.
    package var descriptor: ContentDescriptor {
        switch self {
        case .image(let image): image.descriptor
        case .platforms(let index): index.descriptor
        }
    }

    /// The one image, or all of them.
    package var images: [StoredImage] {
        switch self {
        case .image(let image): [image]
        case .platforms(let index): index.images
        }
    }

    /// Those of the one image, or of all, each once.
    package var layers: [ContentDescriptor] {
        switch self {
        case .image(let image): return image.manifest.layers
        case .platforms(let index):
            var seen: Set<Digest> = []
            return index.images.flatMap(\.manifest.layers).filter { seen.insert($0.digest).inserted }
        }
    }

    /// It as an export with compressed layers has it; its new documents and layers are in the store, too.
    package func compressed(
        _ compression: Compression,
        in store: ArtifactStore,
        cancellation: CancellationFlag
    ) throws -> StoredContent {
        switch self {
        case .image(let image):
            return .image(try image.compressed(compression, in: store, cancellation: cancellation))
        case .platforms(let index):
            let images = try index.images.map {
                try $0.compressed(compression, in: store, cancellation: cancellation)
            }
            let compressed = PlatformIndex(images)
            _ = try store.putBlob(compressed.bytes)
            return .platforms(compressed)
        }
    }

    /// The one image; one for several platforms is a mistake of whoever named it `name`.
    package func image(named name: String) throws(InvalidInput) -> StoredImage {
        switch self {
        case .image(let image): return image
        case .platforms(let index):
            let names = index.images.map { "'\(PlatformMember.name(of: name, for: $0.config.platform))'" }
            throw InvalidInput(
                Diagnostic(
                    "'\(name)' is an image for several platforms",
                    .severalPlatforms,
                    fix: "name one of them: \(names.joined(separator: ", "))"
                )
            )
        }
    }

    /// The image that runs on a platform; throws where there is none.
    package func image(named name: String, for platform: Platform) throws(InvalidInput) -> StoredImage {
        guard case .platforms(let index) = self else { return try image(named: name) }
        if let image = index.images.first(where: { platform.isSame(as: $0.config.platform) }) { return image }
        throw InvalidInput(
            Diagnostic(
                "'\(name)' has no image for \(platform)",
                .missingPlatform,
                why: "it is for " + index.images.map { "'\($0.config.platform)'" }.joined(separator: ", ")
            )
        )
    }
}
