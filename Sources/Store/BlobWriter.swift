package import SystemIO
import SystemPackage

/// What a blob is known by.
package struct StoredBlob: Hashable, Sendable {
    package let digest: Digest
    /// Bytes.
    package let size: Int64

    package init(digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }
}

/// A blob on its way into the store: hashed as it is written, in the store only once it is whole and on the disk.
///
/// A writer that is dropped, or whose process dies, leaves nothing that anybody uses.
package final class BlobWriter {
    private let store: ArtifactStore
    private let file: LiveFile
    private let limit: Int64
    private var digester = Digester()
    private let writeBehind: WriteBehind
    private var isOver = false

    init(store: ArtifactStore, file: LiveFile, limit: Int64) {
        self.store = store
        self.file = file
        self.limit = limit
        writeBehind = WriteBehind(file.descriptor)
    }

    deinit { discard() }

    /// Bytes written so far.
    package var count: Int64 { digester.count }

    /// Appends; more bytes than the limit is EFBIG.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        precondition(!isOver, "a blob is written after its end")
        guard Int64(bytes.count) <= limit - digester.count else {
            throw SystemError("write more than \(limit) bytes to", file.path, .fileTooLarge)
        }
        try file.descriptor.write(bytes)
        writeBehind.appended(bytes.count)
        digester.update(bytes)
    }

    package func write(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(SystemError) in try write(UnsafeRawBufferPointer(buffer)) }
    }

    /// Puts the blob into its place.
    ///
    /// Throws `StoreError.unexpectedSize` or `.unexpectedContent` where the bytes are not the announced ones; the store
    /// is as it was then. A blob that is there already is replaced: these bytes are known to be right, and those on the
    /// disk may have been damaged since. `check` looks at the file before it becomes a blob, and may refuse it.
    package func finish(
        expecting expected: Digest? = nil,
        size: Int64? = nil,
        check: (Descriptor) throws -> Void = { _ in }
    ) throws -> StoredBlob {
        precondition(!isOver, "a blob ends twice")
        defer { discard() }
        let blob = StoredBlob(digest: digester.finish(), size: digester.count)
        if let size, size != blob.size { throw StoreError.unexpectedSize(expected: size, found: blob.size) }
        if let expected, expected != blob.digest {
            throw StoreError.unexpectedContent(expected: expected, found: blob.digest)
        }
        try check(file.descriptor)
        try file.descriptor.sync()
        try store.place(file.path, as: blob)
        isOver = true
        return blob
    }

    /// Gives the blob up.
    package func discard() {
        guard !isOver else { return }
        isOver = true
        // The name is recognisable and the lock goes with the descriptor: what cannot be removed now is removed later.
        try? Files.removeFile(file.path)
    }
}
