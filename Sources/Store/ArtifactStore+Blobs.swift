package import SystemIO
package import SystemPackage

extension ArtifactStore {
    var blobsFolder: FilePath { path.appending("blobs/sha256") }

    /// Where the blob is, or would be.
    package func blobPath(_ digest: Digest) -> FilePath { blobsFolder.appending(digest.hex) }

    /// The size of a blob by one `stat`; nil where it is not there.
    package func blobSize(_ digest: Digest) -> Int64? {
        guard let status = try? FileStatus.ofExisting(blobPath(digest)), status.kind == .regular else { return nil }
        return status.size
    }

    /// The blob is there, and has the right size where one is given; its content is not read.
    package func hasBlob(_ digest: Digest, size: Int64? = nil) -> Bool {
        guard let found = blobSize(digest) else { return false }
        return size.map { $0 == found } ?? true
    }

    /// The blob is there, and all of it was read and has the right content.
    package func hasIntactBlob(_ digest: Digest, size: Int64? = nil) throws -> Bool {
        guard hasBlob(digest, size: size) else { return false }
        do {
            try verify(digest, size: size)
            return true
        } catch StoreError.blobDamaged, StoreError.blobMissing {
            return false
        }
    }

    /// Starts a blob of at most `limit` bytes.
    package func makeBlobWriter(limit: Int64 = .max) throws -> BlobWriter {
        try requireWriting("write a blob")
        let file = try LiveFile.create(in: temporaryFolder, prefix: "blob")
        return BlobWriter(store: self, file: file, limit: limit)
    }

    /// Stores a small blob; the one that is there is read, and replaced where it is damaged.
    @discardableResult
    package func putBlob(_ bytes: [UInt8]) throws -> StoredBlob {
        let digest = Digester.digest(of: bytes)
        let size = Int64(bytes.count)
        if try hasIntactBlob(digest, size: size) { return StoredBlob(digest: digest, size: size) }
        let writer = try makeBlobWriter()
        try writer.write(bytes)
        return try writer.finish(expecting: digest, size: size)
    }

    /// Stores a finished file as a blob and takes it from where it was; on another file system, by copying it.
    ///
    /// Nobody else may write to the file meanwhile. A blob that is there already is replaced: it may be damaged.
    @discardableResult
    package func adopt(
        file: FilePath,
        expecting expected: Digest? = nil,
        size: Int64? = nil
    ) throws -> StoredBlob {
        try requireWriting("store a blob")
        let source = try Descriptor.openForReading(file)
        if try source.status().device != FileStatus.ofExisting(blobsFolder)?.device {
            let writer = try makeBlobWriter()
            try readPieces(of: source) { try writer.write($0) }
            let blob = try writer.finish(expecting: expected, size: size)
            try Files.removeFile(file)
            return blob
        }
        var digester = Digester()
        try readPieces(of: source) { digester.update($0) }
        let blob = StoredBlob(digest: digester.finish(), size: digester.count)
        if let size, size != blob.size { throw StoreError.unexpectedSize(expected: size, found: blob.size) }
        if let expected, expected != blob.digest {
            throw StoreError.unexpectedContent(expected: expected, found: blob.digest)
        }
        try source.sync()
        try place(file, as: blob)
        return blob
    }

    /// Moves a verified and synced file to the place of its digest, over what is there: who reads that one goes on.
    func place(_ file: FilePath, as blob: StoredBlob) throws {
        try Files.rename(file, to: blobPath(blob.digest))
        try Files.syncFolder(blobsFolder)
    }

    /// Removes a blob; nothing there is fine.
    package func removeBlob(_ digest: Digest) throws {
        try requireWriting("remove a blob")
        try Files.removeFile(blobPath(digest))
    }

    /// The digests of all blobs, sorted; files with other names are passed over.
    package func blobs() throws -> [Digest] {
        guard Files.exists(blobsFolder) else { return [] }
        return try Files.names(in: blobsFolder).compactMap { Digest(hex: $0.string) }
    }
}

/// Reads to the end through one buffer.
func readPieces(of file: Descriptor, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    defer { buffer.deallocate() }
    while true {
        let count = try file.read(into: buffer)
        if count == 0 { return }
        try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
}
