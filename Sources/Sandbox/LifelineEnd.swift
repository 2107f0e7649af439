import CShims
import Glibc
import Synchronization
package import SystemIO
package import SystemPackage

/// The parent's end of a child's lifeline: closed on purpose, or by the kernel when this process dies.
package final class LifelineEnd: Sendable {
    private let descriptor: Mutex<Int32?>

    private init(_ raw: Int32) { descriptor = Mutex(raw) }

    deinit { cut() }

    /// This end, and the one for the child's standard input.
    package static func make() throws(SystemError) -> (LifelineEnd, FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard ob_pipe(&ends) == 0 else { throw SystemError("make a pipe", "lifeline", .current) }
        // `send` must be able to give up when the worker is never started.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        return (LifelineEnd(ends[1]), FileDescriptor(rawValue: ends[0]))
    }

    /// Hands the order over after its length, as `Lifeline.readOrder` reads it; ends early when the child has gone, or the line was cut.
    package func send(_ order: [UInt8]) throws(SystemError) {
        let length = UInt64(order.count)
        let bytes = (0..<8).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + order
        var done = 0
        while done < bytes.count {
            guard let result = writePiece(of: bytes, from: done) else { return }
            if result.count >= 0 {
                done += result.count
                continue
            }
            switch result.code {
            case .brokenPipe: return
            case .interrupted: continue
            // The worker has not read yet: most orders fit into the pipe, so this is rare.
            case .resourceTemporarilyUnavailable: usleep(1000)
            default: throw SystemError("write", "the order", result.code)
            }
        }
    }

    /// What `write` answers; nil where the line is cut.
    private func writePiece(of bytes: [UInt8], from start: Int) -> (count: Int, code: Errno)? {
        Pipe.withoutSignal {
            descriptor.withLock { raw in
                guard let raw else { return nil }
                let count = bytes.withUnsafeBytes {
                    write(raw, $0.baseAddress?.advanced(by: start), bytes.count - start)
                }
                return (count, .current)
            }
        }
    }

    /// Ends the child, which watches its standard input, and all that it started.
    package func cut() {
        descriptor.withLock { raw in
            if let open = raw { close(open) }
            raw = nil
        }
    }
}
