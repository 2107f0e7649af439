import CShims
import Dispatch
import Glibc
import SystemPackage

/// Takes SIGINT, SIGTERM and SIGHUP as calls on a thread of its own instead of letting them end the process.
///
/// One at a time in a process. Programs that are started have the usual dispositions.
package final class SignalWatch: Sendable {
    private let writeEnd: Descriptor

    private init(writeEnd: Descriptor) { self.writeEnd = writeEnd }

    /// Calls `handler` with the number of each signal that comes, until `stop`.
    package static func start(_ handler: @escaping @Sendable (Int32) -> Void) throws(SystemError) -> SignalWatch {
        var ends: [Int32] = [-1, -1]
        guard ob_pipe(&ends) == 0 else { throw SystemError("make a pipe for", "signals", .current) }
        let readEnd = Descriptor(adopting: ends[0], path: "signals")
        let writeEnd = Descriptor(adopting: ends[1], path: "signals")
        // A full pipe must not block the handler.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        guard ob_catch_signals(ends[1]) == 0 else { throw SystemError("catch", "signals", .current) }
        DispatchQueue(label: "ovenbird.signals").async {
            var number: UInt8 = 0
            while (try? withUnsafeMutableBytes(of: &number) { try readEnd.read(into: $0) }) == 1, number != 0 {
                handler(Int32(number))
            }
        }
        return SignalWatch(writeEnd: writeEnd)
    }

    /// Lets signals end the process again.
    package func stop() {
        ob_release_signals()
        try? writeEnd.write([0])
    }
}
