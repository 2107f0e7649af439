import Glibc
import Subprocess
package import SystemPackage

/// Debian's `docker-registry` on a port of loopback, with a folder of its own; gone when `body` returns.
package enum DebianRegistry {
    /// Gives `body` the host and port; with a certificate it speaks TLS.
    package static func run<Value: Sendable>(
        in folder: TemporaryFolder,
        certificate: (chain: FilePath, key: FilePath)? = nil,
        _ body: @escaping @Sendable (String) async throws -> Value
    ) async throws -> Value {
        let port = try freePort()
        var config = """
            version: 0.1
            log: { level: error, accesslog: { disabled: true } }
            storage:
              filesystem: { rootdirectory: \(folder.file("registry-data")) }
              delete: { enabled: true }
            http:
              addr: 127.0.0.1:\(port)
            """
        if let certificate {
            config += "\n  tls: { certificate: \(certificate.chain), key: \(certificate.key) }"
        }
        let path = try folder.write(config + "\n", to: "registry.yml")
        return try await Subprocess.run(
            .name("docker-registry"),
            arguments: ["serve", path.string],
            input: .none,
            output: .discarded,
            error: .discarded,
            body: { execution in
                // Ended by its number, however the test ends.
                defer { kill(execution.processIdentifier.value, SIGKILL) }
                try await requireTool(
                    "curl",
                    [
                        "-sk", "-o", "/dev/null", "--retry", "50", "--retry-connrefused", "--retry-delay", "0",
                        "--retry-max-time", "20", "\(certificate == nil ? "http" : "https")://127.0.0.1:\(port)/v2/",
                    ]
                )
                return try await body("127.0.0.1:\(port)")
            }
        ).closureResult
    }

    /// A port that nobody has just now.
    private static func freePort() throws -> UInt16 {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && getsockname(listener, pointer, &length) == 0
            }
        }
        guard bound else { throw Errno(rawValue: errno) }
        return UInt16(bigEndian: address.sin_port)
    }
}
