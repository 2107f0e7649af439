import NIOCore
import Synchronization

/// Memory for the bodies of requests that follow each other: what it has is sent without a copy.
///
/// A request that is still on its way keeps what it had: only memory that nobody else holds is filled anew.
package final class BodyBuffer: Sendable {
    private let held = Mutex(ByteBuffer())

    package init() {}

    package var count: Int { held.withLock { $0.readableBytes } }

    /// What it has now, shared and not copied.
    var content: ByteBuffer { held.withLock { $0 } }

    /// Has `count` bytes afterwards, all of which `write` has to set; none where that throws.
    package func fill(_ count: Int, _ write: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        try held.withLock { bytes in
            bytes.clear(minimumCapacity: count)
            try bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
                try write(UnsafeMutableRawBufferPointer(rebasing: room[..<count]))
                return count
            }
        }
    }
}
