import Dispatch
import Glibc
import SystemIO
import SystemPackage

/// The pipe on the worker's standard input, whose other end only the parent holds.
///
/// First the order comes through it: its length in eight bytes, the highest first, then its bytes. After that, nothing:
/// when it closes, the parent has died or wants an end. The worker is the first process of its PID namespace, so its
/// exit makes the kernel end all others in it and drop the mount namespace with all mounts.
enum Lifeline {
    /// 128 + SIGKILL: what the others get.
    private static let exitStatus: Int32 = 137

    /// The order; ends the process if the parent has gone before it was whole.
    static func readOrder() throws(SystemError) -> [UInt8] {
        let length = try read(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(JobFile.limit) else { throw SystemError("read", "the order", .fileTooLarge) }
        return try read(Int(length))
    }

    private static func read(_ wanted: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < wanted {
            let count = Glibc.read(STDIN_FILENO, &buffer, min(buffer.count, wanted - bytes.count))
            if count == 0 { _exit(exitStatus) }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw SystemError("read", "the order", .current)
            }
        }
        return bytes
    }

    static func watch() {
        DispatchQueue(label: "ovenbird.lifeline").async {
            var byte: UInt8 = 0
            while true {
                let count = Glibc.read(STDIN_FILENO, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                _exit(exitStatus)
            }
        }
    }
}
