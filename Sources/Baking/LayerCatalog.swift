import Glibc
package import Layers
package import Store
import Synchronization
package import SystemIO
import SystemPackage

/// The layers in the store as trees; listings are kept beside them so that no tar is read twice for its headers.
package final class LayerCatalog: Sendable {
    private let blobs: ArtifactStore
    private let listings = Mutex<[Digest: LayerListing]>([:])
    /// Layers whose bytes this process has read and found right, or has written.
    private let verified = Mutex<Set<Digest>>([])

    package init(store: ArtifactStore) { self.blobs = store }

    /// The tree that the layers make, with content.
    ///
    /// A layer is verified when it is first asked for; throws `StoreError.blobDamaged` where it is not what its name says.
    package func root(of layers: [Digest]) throws -> ImageRoot {
        for layer in layers { try verify(layer) }
        let tree = try MergedTree(layers: layers.map { try listing(of: $0) })
        return ImageRoot(tree: tree, blobs: try layers.map { try blobs.openBlob($0) })
    }

    /// The listing of a layer: from memory, from the file beside it, or from a scan of the tar.
    package func listing(of layer: Digest) throws -> LayerListing {
        if let listing = listings.withLock({ $0[layer] }) { return listing }
        let path = blobs.listingPath(layer)
        let listing: LayerListing
        if let bytes = try? Files.read(path, limit: 1 << 30), let known = LayerListing(decoding: bytes) {
            listing = known
        } else {
            // What is kept beside the layer is believed later on.
            try verify(layer)
            listing = try LayerListing.scan(try blobs.openBlob(layer), name: "layer \(layer.short)")
            try? keep(listing, of: layer)
        }
        listings.withLock { $0[layer] = listing }
        return listing
    }

    /// Puts a drafted layer into the store, unless it gives a secret away.
    func store(
        _ draft: consuming LayerDraft,
        hiding secrets: SecretBytes,
        cancellation: CancellationFlag
    ) throws -> Digest {
        let writer = try blobs.makeBlobWriter()
        let written = try draft.write(
            to: { (bytes) throws(SystemError) in try writer.write(bytes) },
            name: "the layer"
        )
        _ = try writer.finish(expecting: written.digest, size: written.size) {
            try secrets.refuse(layer: $0, written.listing, cancellation: cancellation)
        }
        verified.withLock { _ = $0.insert(written.digest) }
        try blobs.putListing(written.encodedListing, of: written.digest)
        return written.digest
    }

    private func verify(_ layer: Digest) throws {
        if verified.withLock({ $0.contains(layer) }) { return }
        try blobs.verify(layer)
        verified.withLock { _ = $0.insert(layer) }
    }

    /// Writes the listing beside the layer; only a cache, so it needs no sync of its own.
    private func keep(_ listing: LayerListing, of layer: Digest) throws {
        try blobs.putListing(listing.encode(), of: layer)
    }
}

/// Now, seconds since 1970.
func currentSeconds() -> Int64 { Int64(time(nil)) }
