import Crypto

/// SHA-256 of a stream, piece by piece.
package struct Digester: Sendable {
    private var hash = SHA256()
    /// Bytes seen so far.
    package private(set) var count: Int64 = 0

    package init() {}

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        count += Int64(bytes.count)
    }

    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    package func finish() -> Digest { hash.finalize().withUnsafeBytes { Digest($0) } }

    package static func digest(of bytes: [UInt8]) -> Digest {
        var digester = Digester()
        digester.update(bytes)
        return digester.finish()
    }

    package static func digest(of text: String) -> Digest { digest(of: Array(text.utf8)) }
}
