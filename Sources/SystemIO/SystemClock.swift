import CShims
import Glibc

/// The clocks of the machine, in nanoseconds.
package enum SystemClock {
    /// Since 1970, as the files' times are counted.
    package static var wall: Int64 { read(CLOCK_REALTIME) }

    /// Since some fixed point, never back: for differences.
    package static var steady: Int64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var now = timespec()
        clock_gettime(clock, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
