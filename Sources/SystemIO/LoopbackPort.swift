import Glibc
import SystemPackage

/// Ports of 127.0.0.1.
package enum LoopbackPort {
    /// A port of TCP that nobody else has, and the socket that keeps it so.
    package static func take() throws(SystemError) -> (socket: Descriptor, port: UInt16) {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw SystemError("make", "a socket", .current) }
        let descriptor = Descriptor(adopting: raw, path: "a socket")
        // Whoever it is kept for may bind it beside this socket.
        var yes: Int32 = 1
        setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(raw, address, length) == 0 ? getsockname(raw, address, &length) : -1
            }
        }
        guard result == 0 else { throw SystemError("take a port of", "127.0.0.1", .current) }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}
