import CShims
import Glibc
import Synchronization
import SystemIO
import SystemPackage

/// The parent's end of a worker's lifeline: closed on purpose, or by the kernel when this process dies.
final class LifelineEnd: Sendable {
    private let descriptor: Mutex<Int32?>

    private init(_ raw: Int32) { descriptor = Mutex(raw) }

    deinit { cut() }

    /// This end, and the one for the worker's standard input.
    static func make() throws(SystemError) -> (LifelineEnd, FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard ob_pipe(&ends) == 0 else { throw SystemError("make a pipe", "lifeline", .current) }
        return (LifelineEnd(ends[1]), FileDescriptor(rawValue: ends[0]))
    }

    /// Ends the worker and all that it started.
    func cut() {
        descriptor.withLock { raw in
            if let open = raw { close(open) }
            raw = nil
        }
    }
}
