import Crypto

/// The digests of one file's content by which a bill of materials names it.
package struct FileDigests: Sendable, Hashable {
    package let sha1: SHA1Digest
    package let sha256: Digest
}

/// A SHA-1 digest: SPDX demands it, and it proves nothing any more.
package struct SHA1Digest: Sendable, Hashable, Comparable {
    // As numbers, since there may be a million of them in memory.
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    fileprivate init(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        middle = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[16..<20].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The 40 hexadecimal digits.
    package var hex: String {
        hexadecimal(
            [high, middle].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
                + (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * $0)) }
        )
    }

    package static func < (left: SHA1Digest, right: SHA1Digest) -> Bool {
        (left.high, left.middle, left.low) < (right.high, right.middle, right.low)
    }

    /// The digest of the hexadecimal digits of digests, in their order.
    package static func ofDigits(of digests: [SHA1Digest]) -> SHA1Digest {
        var hash = Insecure.SHA1()
        for digest in digests { hash.update(data: Array(digest.hex.utf8)) }
        return SHA1Digest(hash.finalize())
    }
}

/// SHA-1 and SHA-256 of a stream in one pass.
package struct FileDigester: Sendable {
    private var sha1 = Insecure.SHA1()
    private var sha256 = Digester()

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha1.update(bufferPointer: bytes)
        sha256.update(bytes)
    }

    package func finish() -> FileDigests { FileDigests(sha1: SHA1Digest(sha1.finalize()), sha256: sha256.finish()) }
}
