import SystemIO
import Synchronization

/// The time of the fake: the machine's, and as much later as a test says.
///
/// States and credentials go by it. Signatures go by the machine's time, since clients do.
package final class VirtualClock: Sendable {
    private let ahead = Mutex<Int64>(0)

    package init() {}

    /// Seconds since 1970.
    package var now: Int64 { Self.machine + ahead.withLock { $0 } }

    package func advance(seconds: Int64) { ahead.withLock { $0 += seconds } }

    static var machine: Int64 { SystemClock.wall / 1_000_000_000 }
}
