import HTTPTransport
package import Store
package import SystemIO
package import SystemPackage

/// A boot that is watched: what the machine says of itself, and what can be asked of it.
package struct WatchedBoot: Sendable {
    /// A machine while it runs.
    package struct Machine: Sendable {
        /// What it has written to its second serial port.
        package let report: FilePath
        /// What it has written to its console.
        package let console: FilePath
        package let forwards: [VirtualMachine.Forward]

        /// The port of 127.0.0.1 that leads to one of the machine's.
        package func port(of guest: UInt16) -> UInt16? { forwards.first { $0.guest == guest }?.host }

        /// The lines that it has written to its second serial port, as far as they are whole.
        package func lines() throws(SystemError) -> [String] {
            let bytes = try Files.read(report, limit: 64 << 20)
            let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { bytes[..<$0] } ?? []
            return whole.split(separator: UInt8(ascii: "\n")).map { line in
                String(decoding: line, as: UTF8.self).filter { $0 != "\r" }
            }
        }
    }

    package var boot: MachineBoot
    /// The ports of the machine that can be asked.
    package var ports: [UInt16]

    package init(_ boot: MachineBoot, ports: [UInt16]) {
        self.boot = boot
        self.ports = ports
    }

    /// Runs a machine for as long as `watch` looks at it; nil where it switched itself off before.
    ///
    /// `ended` is called with the last lines of its console before all that it wrote is gone. Throws `VirtualMachineError`.
    package func run<Value: Sendable>(
        _ disk: MachineDisk,
        identity: Digest,
        program: FilePath,
        in store: ArtifactStore,
        watch: @escaping @Sendable (Machine) async throws -> Value,
        ended: (_ console: [String]) -> Void
    ) async throws -> Value? {
        let folder = try store.makeWorkFolder("boot")
        defer { _ = folder.remove() }
        let taken = try ports.map { (guest: $0, host: try LoopbackPort.take()) }
        let forwards = taken.map { VirtualMachine.Forward(host: $0.host.port, guest: $0.guest) }
        let console = if case .log(let path) = boot.console { path } else { folder.path.appending("console") }
        let machine = Machine(report: folder.path.appending("report"), console: console, forwards: forwards)
        for file in [machine.report, machine.console] { try AtomicFile.write([], to: file, mode: 0o600) }
        var boot = boot
        boot.console = .log(machine.console)
        boot.report = machine.report
        boot.forwards += forwards
        let value = try await withThrowingTaskGroup(of: Value?.self) { [boot] group in
            group.addTask {
                try await boot.run(disk, identity: identity, program: program)
                return nil
            }
            group.addTask { try await watch(machine) }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        ended(Self.lastLines(of: machine.console))
        return value
    }

    private static func lastLines(of console: FilePath) -> [String] {
        let text = (try? Files.read(console, limit: 64 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(whereSeparator: \.isNewline).suffix(20).map(String.init)
    }
}

extension MachineBoot {
    /// Several parts as one userdata, as cloud-init reads them.
    ///
    /// Source: cloud-init, "User-data formats": MIME multi-part archive; RFC 2046 section 5.1.
    package static func userData(_ parts: [(type: String, content: [UInt8])]) -> [UInt8] {
        // Base64 has no line that begins like this.
        let boundary = "--ovenbird--"
        let head = "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\nMIME-Version: 1.0\n\n"
        return Array(head.utf8)
            + parts.flatMap { part in
                let head =
                    "--\(boundary)\nContent-Type: \(part.type)\nContent-Transfer-Encoding: base64\nMIME-Version: 1.0\n\n"
                return Array((head + Base64.encode(part.content) + "\n").utf8)
            } + Array("--\(boundary)--\n".utf8)
    }

    /// Of a program that cloud-init runs, when it runs userdata.
    package static let program = "text/x-shellscript"
    /// Of a program that cloud-init runs as early as it can.
    package static let earlyProgram = "text/cloud-boothook"
    /// Of userdata whose first line says what it is.
    package static let anyKind = "text/plain"
}
