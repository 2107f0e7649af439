package import SystemIO

/// The body of a call that is read in pieces, once more each time that the call is made.
package struct LargeBody: Sendable {
    /// The next piece of at most 1 MiB; nil is the end.
    package typealias Pieces = @Sendable () async throws -> [UInt8]?

    package var length: Int64
    /// SHA-256 of all of it.
    package var digest: Digest
    package var open: @Sendable () throws -> Pieces

    package init(length: Int64, digest: Digest, open: @escaping @Sendable () throws -> Pieces) {
        self.length = length
        self.digest = digest
        self.open = open
    }

    /// Slower than 256 KiB a second is not waited for.
    var patience: Duration { .seconds(60 + length >> 18) }
}
