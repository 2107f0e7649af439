import CShims
import Glibc
import Synchronization
import SystemPackage

/// A pipe to a child.
///
/// Neither end gets into programs that are started meanwhile, but for the one that is handed over.
package final class Pipe: Sendable {
    private struct Ends {
        var reading: Descriptor?
        var writing: Descriptor?
    }

    private let ends: Mutex<Ends>
    /// For the child's standard input: valid until `closeReadEnd`.
    package let readEnd: Int32

    /// Opens a pipe; `name` is what messages call it.
    package init(name: String) throws(SystemError) {
        var raw: [Int32] = [-1, -1]
        guard ob_pipe(&raw) == 0 else { throw SystemError("make a pipe for", name, .current) }
        readEnd = raw[0]
        ends = Mutex(
            Ends(
                reading: Descriptor(adopting: raw[0], path: FilePath(name)),
                writing: Descriptor(adopting: raw[1], path: FilePath(name))
            )
        )
    }

    /// Gives up the read end: with it open, a child that ends would leave the writer waiting for ever.
    package func closeReadEnd() { ends.withLock { $0.reading = nil } }

    /// The write end, once; the child sees the end when it is released.
    package func takeWriteEnd() -> Descriptor? {
        ends.withLock { ends in
            defer { ends.writing = nil }
            return ends.writing
        }
    }

    /// Runs `body` so that writing to a pipe without a reader is EPIPE, not the end of the process.
    ///
    /// The signal is held back on this thread alone and taken away at the end, so that neither the rest of the process nor its
    /// children see another treatment of it.
    package static func withoutSignal<Value>(_ body: () throws -> Value) rethrows -> Value {
        var pipeSignal = sigset_t()
        var before = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipeSignal, &before)
        defer {
            var none = timespec()
            while sigtimedwait(&pipeSignal, nil, &none) == SIGPIPE {}
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        return try body()
    }
}
