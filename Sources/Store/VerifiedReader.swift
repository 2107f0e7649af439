package import SystemIO
import SystemPackage

/// The bytes of a blob on their way out: the end is only reached if digest and size are right.
///
/// What was read before the end may be wrong: use it for nothing that cannot be undone until `read` has returned 0.
package final class VerifiedReader {
    private let file: Descriptor
    private let expected: StoredBlob
    private var digester = Digester()

    init(file: Descriptor, expected: StoredBlob) {
        self.file = file
        self.expected = expected
    }

    /// Bytes that the blob has.
    package var size: Int64 { expected.size }

    /// Reads at most `buffer.count` bytes; 0 is the end, and the proof of the content.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try file.read(into: buffer)
        digester.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        if count > 0, digester.count <= expected.size { return count }
        guard digester.count == expected.size else {
            let found = digester.count > expected.size ? "more" : "\(digester.count)"
            throw StoreError.blobDamaged(expected.digest, reason: "it has \(found) bytes, not \(expected.size)")
        }
        let found = digester.finish()
        guard found == expected.digest else {
            throw StoreError.blobDamaged(expected.digest, reason: "its content has the digest '\(found)'")
        }
        return 0
    }
}

extension ArtifactStore {
    /// Opens a blob for random access; with `verify`, all of it is read and checked first.
    package func openBlob(_ digest: Digest, verify: Bool = false) throws -> Descriptor {
        if verify { try self.verify(digest) }
        do {
            return try Descriptor.openForReading(blobPath(digest))
        } catch let error where error.code == .noSuchFileOrDirectory {
            throw StoreError.blobMissing(digest)
        }
    }

    /// Opens a blob for reading in order, checked on the way; `size` is what its descriptor says, else what the file
    /// has.
    package func makeReader(of digest: Digest, size: Int64? = nil) throws -> VerifiedReader {
        let file = try openBlob(digest)
        let expected = try size ?? file.status().size
        return VerifiedReader(file: file, expected: StoredBlob(digest: digest, size: expected))
    }

    /// Reads all of a blob and throws `StoreError.blobDamaged` unless digest and size are right.
    package func verify(_ digest: Digest, size: Int64? = nil) throws {
        try forEachPiece(ofBlob: digest, size: size) { _ in }
    }

    /// Hands a blob on piece by piece, then throws unless it was the right one.
    package func forEachPiece(
        ofBlob digest: Digest,
        size: Int64? = nil,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let reader = try makeReader(of: digest, size: size)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Writes a blob to an open file; throws at the end if it was not the right one.
    package func copyBlob(_ digest: Digest, size: Int64? = nil, to target: Descriptor) throws {
        try forEachPiece(ofBlob: digest, size: size) { try target.write($0) }
    }

    /// A small blob, verified; more than `limit` bytes is EFBIG.
    package func readBlob(_ digest: Digest, size: Int64? = nil, limit: Int = 4 << 20) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachPiece(ofBlob: digest, size: size) { piece in
            guard bytes.count + piece.count <= limit else {
                throw SystemError("read more than \(limit) bytes from", blobPath(digest), .fileTooLarge)
            }
            bytes += piece
        }
        return bytes
    }
}
