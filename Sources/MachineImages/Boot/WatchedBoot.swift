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
        package func lines() throws(SystemError) -> [String] { try WatchedBoot.lines(of: report) }
    }

    /// The whole lines of a file that somebody writes.
    package static func lines(of file: FilePath) throws(SystemError) -> [String] {
        let bytes = try Files.read(file, limit: 64 << 20)
        let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { bytes[..<$0] } ?? []
        return whole.split(separator: UInt8(ascii: "\n")).map { line in
            String(decoding: line, as: UTF8.self).filter { $0 != "\r" }
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
    /// `watch` begins with the machine, when its disk is made. `ended` is called with the last lines of its console before all
    /// that it wrote is gone. Throws `VirtualMachineError`.
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
        // Nobody else gets the ports as long as the sockets are there.
        defer { withExtendedLifetime(taken) {} }
        let forwards = taken.map { VirtualMachine.Forward(host: $0.host.port, guest: $0.guest) }
        let console = if case .log(let path) = boot.console { path } else { folder.path.appending("console") }
        let machine = Machine(report: folder.path.appending("report"), console: console, forwards: forwards)
        try AtomicFile.write([], to: machine.report, mode: 0o600)
        var boot = boot
        boot.console = .log(machine.console)
        boot.report = machine.report
        boot.forwards += forwards
        var value: Value?
        try await boot.run(disk, identity: identity, program: program) { run in
            value = try await withThrowingTaskGroup(of: Value?.self) { group in
                group.addTask {
                    try await run()
                    return nil
                }
                group.addTask { try await watch(machine) }
                group.addTask {
                    try await Self.refuseFlood(of: machine)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        }
        ended(Self.lastLines(of: machine.console))
        return value
    }

    /// A machine that writes more than this to its ports says nothing any more that is worth a disk: bytes.
    private static let mostWritten: Int64 = 256 << 20

    /// Ends only where a machine has written too much; looks each second, in which QEMU can hardly fill a disk.
    private static func refuseFlood(of machine: Machine) async throws {
        while true {
            try await Task.sleep(for: .seconds(1))
            let written = try [machine.console, machine.report].reduce(0) { sum, path in
                sum + (try FileStatus.ofExisting(path)?.size ?? 0)
            }
            if written > mostWritten { throw VirtualMachineError.flood(mebibytes: written >> 20) }
        }
    }

    private static func lastLines(of console: FilePath) -> [String] {
        guard let file = try? Descriptor.openForReading(console), let size = try? file.status().size else { return [] }
        let start = max(0, size - 16 << 10)
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(size - start)) { buffer, count in
            count = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer), at: start)) ?? 0
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(20).map(String.init)
    }
}

extension MachineBoot {
    /// A part of userdata.
    package struct Part: Sendable {
        var type: String
        /// Programs run in the order of these names; nil leaves the name to cloud-init: `part-001`.
        var name: String?
        var content: [UInt8]

        /// A program that cloud-init runs when it runs userdata; with `isLast` behind all others, those of `runcmd` too.
        package static func program(_ text: String, isLast: Bool = false) -> Part {
            Part(type: "text/x-shellscript", name: isLast ? "zz-ovenbird" : nil, content: Array(text.utf8))
        }

        /// A program that cloud-init runs as early as it can.
        package static func earlyProgram(_ text: String) -> Part {
            Part(type: "text/cloud-boothook", content: Array(text.utf8))
        }

        /// Userdata of any form.
        package static func userData(_ content: [UInt8]) -> Part {
            // What is compressed has a type of its own; all other forms say in their first line what they are.
            Part(type: content.starts(with: [0x1f, 0x8b]) ? "application/x-gzip" : "text/plain", content: content)
        }

        /// Whether it is a message of several parts itself.
        fileprivate var isMessage: Bool {
            let start = String(decoding: content.prefix(64), as: UTF8.self).lowercased()
            return type == "text/plain" && (start.hasPrefix("content-type:") || start.hasPrefix("mime-version:"))
        }
    }

    /// Several parts as one userdata, as cloud-init reads them.
    ///
    /// Source: cloud-init, "User-data formats": MIME multi-part archive; RFC 2046 section 5.1.
    package static func userData(_ parts: [Part]) -> [UInt8] {
        // No line of Base64 begins like this, and no sane boundary of anybody else's does.
        let boundary = "--ovenbird--"
        let head = "Content-Type: multipart/mixed; boundary=\"\(boundary)\"\nMIME-Version: 1.0\n\n"
        return Array(head.utf8)
            + parts.flatMap { part in
                let start = Array("--\(boundary)\n".utf8)
                if part.isMessage { return start + part.content + [UInt8(ascii: "\n")] }
                var head = "Content-Type: \(part.type)\nContent-Transfer-Encoding: base64\nMIME-Version: 1.0\n"
                if let name = part.name { head += "Content-Disposition: attachment; filename=\"\(name)\"\n" }
                return start + Array((head + "\n" + Base64.encode(part.content) + "\n").utf8)
            } + Array("--\(boundary)--\n".utf8)
    }
}
