import Glibc
import OCI
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
    func layer(_ descriptor: ContentDescriptor, diffID: Digest) throws -> StoredLayer {
        guard let compression = descriptor.mediaType.layerCompression else {
            throw base.invalid("the layer '\(descriptor.digest)' is of the media type '\(descriptor.mediaType)'")
        }
        let file = try blob(descriptor.digest)
        var digester = Digester()
        try file.forEachPiece { digester.update($0) }
        try verify(descriptor, found: digester.finish(), digester.count)
        return try base.storeLayer(file, diffID: diffID, isCompressed: compression != .none)
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

extension SystemIO.Descriptor {
    /// Opens for reading and never waits for the other end of a FIFO.
    static func openForReadingWithoutWaiting(_ path: FilePath) throws(SystemError) -> SystemIO.Descriptor {
        try open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
    }
}
