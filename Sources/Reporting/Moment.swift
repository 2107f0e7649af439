import Glibc

/// A point in time for those who show it: what the clock on the wall says, and a count that never jumps.
package struct Moment: Sendable, Hashable {
    /// Seconds since 1970.
    package let wall: Int64
    /// Seconds since some fixed point; for differences.
    package let steady: Double

    package init(wall: Int64, steady: Double) {
        self.wall = wall
        self.steady = steady
    }

    package static var now: Moment {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        var steady = timespec()
        clock_gettime(CLOCK_MONOTONIC, &steady)
        return Moment(wall: Int64(wall.tv_sec), steady: Double(steady.tv_sec) + Double(steady.tv_nsec) / 1e9)
    }
}
