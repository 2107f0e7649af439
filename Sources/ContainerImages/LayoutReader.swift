import Glibc
import Layers
import OCI
import Store
import SystemIO
import SystemPackage

/// Reads an OCI layout that somebody else wrote.
struct LayoutReader {
    let folder: FilePath
    let base: BaseImport

    /// Source: OCI image specification 1.1, image-layout.md, "oci-layout file".
    func check() throws {
        let path = folder.appending("oci-layout")
        guard try FileStatus.ofExisting(folder) != nil else {
            throw base.invalid("there is no such folder")
        }
        guard try FileStatus.ofExisting(path) != nil else {
            throw base.invalid("it has no file 'oci-layout', so that it is not an OCI image layout")
        }
        let marker = try JSONValue.parse(try base.openFile(path, part: "oci-layout").readAll(limit: 4096))
        guard let version = marker["imageLayoutVersion"]?.stringValue else {
            throw base.invalid("its file 'oci-layout' names no version")
        }
        guard version == "1.0.0" else {
            throw base.invalid("it has layout version '\(version)', and only 1.0.0 is known")
        }
    }

    func index() throws -> ImageIndex {
        let path = folder.appending("index.json")
        guard try FileStatus.ofExisting(path) != nil else { throw base.invalid("it has no file 'index.json'") }
        return try ImageIndex(decoding: try base.openFile(path, part: "index.json").readAll(limit: DocumentLimit.bytes))
    }

    /// A manifest, index or config, whose digest and size have been verified.
    func document(_ descriptor: ContentDescriptor) throws -> [UInt8] {
        guard descriptor.size <= Int64(DocumentLimit.bytes) else {
            throw base.invalid("the document '\(descriptor.digest)' has \(descriptor.size) bytes, more than allowed")
        }
        let bytes = try blob(descriptor.digest).readAll(limit: DocumentLimit.bytes)
        try verify(descriptor, found: Digester.digest(of: bytes), Int64(bytes.count))
        return bytes
    }

    /// A layer as an uncompressed blob of our store, whose content is that of the diffID.
    ///
    /// It is merged into `tree`, the layers below it.
    func layer(_ descriptor: ContentDescriptor, diffID: Digest, over tree: inout MergedTree) throws -> StoredBlob {
        guard let compression = descriptor.mediaType.layerCompression else {
            throw base.invalid("the layer '\(descriptor.digest)' is of the media type '\(descriptor.mediaType)'")
        }
        let file = try blob(descriptor.digest)
        var digester = Digester()
        try file.forEachPiece { digester.update($0) }
        try verify(descriptor, found: digester.finish(), digester.count)
        return try base.storeLayer(file, diffID: diffID, isCompressed: compression != .none, over: &tree)
    }

    private func blob(_ digest: Digest) throws -> SystemIO.Descriptor {
        let path = folder.appending("blobs/sha256").appending(digest.hex)
        guard try FileStatus.ofExisting(path) != nil else { throw base.invalid("the blob '\(digest)' is missing") }
        return try base.openFile(path, part: "blobs/sha256/\(digest.hex)")
    }

    private func verify(_ descriptor: ContentDescriptor, found: Digest, _ size: Int64) throws {
        guard size == descriptor.size else {
            throw base.invalid("the blob '\(descriptor.digest)' has \(size) bytes, not \(descriptor.size)")
        }
        guard found == descriptor.digest else {
            throw base.invalid("the blob '\(descriptor.digest)' is damaged: its content has the digest '\(found)'")
        }
    }
}

extension BaseImport {
    /// Puts a layer into the store, decompressed, unless it is there intact; the diffID is the proof of its content.
    ///
    /// `isCompressed` is what its media type promises, nil where nothing does. What no reader would accept is no layer, and
    /// so is what cannot lie on the layers below it, which `tree` is of; it gets this one on top.
    func storeLayer(
        _ file: SystemIO.Descriptor,
        diffID: Digest,
        isCompressed: Bool? = nil,
        over tree: inout MergedTree
    ) throws -> StoredBlob {
        let layerName = "layer '\(diffID)'"
        if let size = store.blobSize(diffID), try store.hasIntactBlob(diffID) {
            // Whatever it was stored as.
            let listing = try LayerListing.scan(try store.openBlob(diffID), name: layerName, limits: limits)
            tree = try tree.adding([listing], names: [layerName])
            return StoredBlob(digest: diffID, size: size)
        }
        let writer = try store.makeBlobWriter(limit: limits.totalBytes)
        let wasCompressed = try Decompression.forEachPiece(of: file, name: layerName, limits: limits) {
            try writer.write($0)
        }
        if let isCompressed, isCompressed != wasCompressed {
            let found =
                wasCompressed
                ? "is compressed, which its media type does not say" : "is not compressed as its media type says"
            throw invalid("the layer '\(diffID)' \(found)")
        }
        do {
            // Looked at before it is a blob, so that none stays behind that only seems to be a layer.
            return try writer.finish(expecting: diffID) { file in
                let listing = try LayerListing.scan(file, name: layerName, limits: limits)
                tree = try tree.adding([listing], names: [layerName])
            }
        } catch StoreError.unexpectedContent(_, let found) {
            throw invalid("the layer '\(diffID)' is not what its config says: its content has the digest '\(found)'")
        }
    }
}

extension SystemIO.Descriptor {
    /// Opens for reading and never waits for the other end of a FIFO.
    static func openForReadingWithoutWaiting(_ path: FilePath) throws(SystemError) -> SystemIO.Descriptor {
        try open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
    }
}
