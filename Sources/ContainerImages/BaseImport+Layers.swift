import Layers
import Store
import SystemIO

/// A layer that is in the store, and what is in it.
struct StoredLayer: Sendable {
    let blob: StoredBlob
    let listing: LayerListing
}

extension BaseImport {
    /// A layer that the store has intact, whatever it was stored as; nil where it has none.
    func storedLayer(_ diffID: Digest) throws -> StoredLayer? {
        guard let size = store.blobSize(diffID), try store.hasIntactBlob(diffID) else { return nil }
        return StoredLayer(
            blob: StoredBlob(digest: diffID, size: size),
            listing: try LayerListing.scan(try store.openBlob(diffID), name: layerName(diffID), limits: limits)
        )
    }

    /// Puts a layer into the store, decompressed, unless it is there intact; the diffID is the proof of its content.
    ///
    /// `isCompressed` is what its media type promises, nil where nothing does. What no reader would accept is no layer.
    func storeLayer(
        _ file: SystemIO.Descriptor,
        diffID: Digest,
        isCompressed: Bool? = nil,
        cancellation: CancellationFlag = CancellationFlag()
    ) throws -> StoredLayer {
        if let known = try storedLayer(diffID) { return known }
        let writer = try store.makeBlobWriter(limit: limits.totalBytes)
        let wasCompressed = try Decompression.forEachPiece(of: file, name: layerName(diffID), limits: limits) {
            try cancellation.check()
            try writer.write($0)
        }
        if let isCompressed, isCompressed != wasCompressed {
            let found =
                wasCompressed
                ? "is compressed, which its media type does not say" : "is not compressed as its media type says"
            throw invalid("the layer '\(diffID)' \(found)")
        }
        var listing = LayerListing(items: LayerListing.Items())
        do {
            // Looked at before it is a blob, so that none stays behind that only seems to be a layer.
            let blob = try writer.finish(expecting: diffID) { file in
                listing = try LayerListing.scan(file, name: layerName(diffID), limits: limits)
                _ = try MergedTree(layers: [listing], names: [layerName(diffID)])
            }
            return StoredLayer(blob: blob, listing: listing)
        } catch StoreError.unexpectedContent(_, let found) {
            throw invalid("the layer '\(diffID)' is not what its config says: its content has the digest '\(found)'")
        }
    }

    /// The blobs of layers, lowest first, that can lie on one another and on those of `parent`.
    func stacked(_ layers: [StoredLayer], over parent: [LayerListing] = []) throws -> [StoredBlob] {
        let tree = try MergedTree(layers: parent)
        _ = try tree.adding(layers.map(\.listing), names: layers.map { layerName($0.blob.digest) })
        return layers.map(\.blob)
    }

    private func layerName(_ diffID: Digest) -> String { "layer '\(diffID)'" }
}
