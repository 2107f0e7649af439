import SystemIO

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
        Moment(wall: SystemClock.wall / 1_000_000_000, steady: Double(SystemClock.steady) / 1e9)
    }
}
