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
        // It takes a port that nobody has and says which: one that was looked for before may be another's by then.
        var config = """
            version: 0.1
            log: { level: info, accesslog: { disabled: true } }
            storage:
              filesystem: { rootdirectory: \(folder.file("registry-data")) }
              delete: { enabled: true }
            http:
              addr: 127.0.0.1:0
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
            error: .sequence,
            body: { execution in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // Ended by its number, however the test ends.
                    defer { kill(execution.processIdentifier.value, SIGKILL) }
                    let (hosts, found) = AsyncStream<String>.makeStream()
                    // Read to the end, so that it can go on writing.
                    group.addTask {
                        defer { found.finish() }
                        for try await line in execution.standardError.strings() {
                            if let host = host(in: line) { found.yield(host) }
                        }
                    }
                    for await host in hosts { return try await body(host) }
                    throw RegistryDidNotStart(config: path)
                }
            }
        ).closureResult
    }

    /// What a line says that it listens on.
    private static func host(in line: String) -> String? {
        line.split(separator: "listening on ").dropFirst().first.map {
            String($0.prefix { $0.isNumber || $0 == "." || $0 == ":" })
        }
    }

    private struct RegistryDidNotStart: Error {
        let config: FilePath
    }
}
