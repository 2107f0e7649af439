package import Store
package import SystemIO

/// A container image as a machine image takes it along: the files that `docker load` wants in a tar.
package struct PreloadedImage: Sendable {
    package let identity: Digest
    package let manifest: Digest
    /// What the machine's Docker is to call it, at least one.
    package let names: [String]
    /// Beside the blobs: `manifest.json` and its like.
    package let documents: [(name: String, bytes: [UInt8])]
    /// Below `blobs/sha256`.
    package let blobs: [StoredBlob]

    package init(
        identity: Digest,
        manifest: Digest,
        names: [String],
        documents: [(name: String, bytes: [UInt8])],
        blobs: [StoredBlob]
    ) {
        self.identity = identity
        self.manifest = manifest
        self.names = names
        self.documents = documents
        self.blobs = blobs
    }
}

/// What a step takes of another image.
enum TakenImage: Sendable {
    /// Files of the tree that its layers make.
    case layers([Digest])
    /// All of it, and what stands for that in the step's key.
    case whole(PreloadedImage, key: [Digest])

    /// What stands for it in the content key of the step.
    var key: [Digest] {
        switch self {
        case .layers(let layers): layers
        case .whole(_, let key): key
        }
    }
}
