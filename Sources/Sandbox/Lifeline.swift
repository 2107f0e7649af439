import Dispatch
import Glibc

/// The pipe on the worker's standard input, whose other end only the parent holds.
///
/// When it closes, the parent has died or wants an end. The worker is the first process of its PID namespace, so its
/// exit makes the kernel end all others in it and drop the mount namespace with all mounts.
enum Lifeline {
    /// 128 + SIGKILL: what the others get.
    private static let exitStatus: Int32 = 137

    static func watch() {
        DispatchQueue(label: "ovenbird.lifeline").async {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                _exit(exitStatus)
            }
        }
    }
}
