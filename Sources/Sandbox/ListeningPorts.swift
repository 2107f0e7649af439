import SystemIO
import SystemPackage

/// The ports of a network namespace at which programs listen, as the kernel lists them.
///
/// Source: Linux, Documentation/networking/proc_net_tcp.rst.
package enum ListeningPorts {
    /// Of this process' namespace: nil where somebody listens at a port for others than the machine itself, else how it is.
    static func failure(_ port: UInt16, isTCP: Bool) throws(SystemError) -> String? {
        let name = isTCP ? "tcp" : "udp"
        var tables: [String] = []
        for file in [name, "\(name)6"] {
            // A kernel without IPv6 has no second one.
            guard let bytes = try? Files.read(FilePath("/proc/self/net/\(file)"), limit: 16 << 20) else { continue }
            tables.append(String(decoding: bytes, as: UTF8.self))
        }
        return failure(in: tables, port, isTCP: isTCP)
    }

    /// The same of lines of the kernel's tables.
    package static func failure(in tables: [String], _ port: UInt16, isTCP: Bool) -> String? {
        let found = tables.flatMap { addresses($0, port, isTCP: isTCP) }
        if found.isEmpty { return "nobody listens at it" }
        return found.allSatisfy(isLoopback) ? "only the machine itself can reach it: it is on loopback" : nil
    }

    /// The hexadecimal addresses, in the machine's order of bytes, at which a port is open.
    private static func addresses(_ table: String, _ port: UInt16, isTCP: Bool) -> [Substring] {
        // TCP_LISTEN; a socket of UDP that is bound and not connected is in the state TCP_CLOSE.
        let state = isTCP ? "0A" : "07"
        return table.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 3, words[3] == state else { return nil }
            let parts = words[1].split(separator: ":")
            guard parts.count == 2, UInt16(parts[1], radix: 16) == port else { return nil }
            return parts[0]
        }
    }

    private static func isLoopback(_ address: Substring) -> Bool {
        // 127.0.0.0/8 and ::1 on a little-endian machine, which all of ours are.
        if address.count == 8 { return address.hasSuffix("7F") }
        let isMapped = address.hasPrefix("0000000000000000FFFF0000")
        return isMapped ? address.hasSuffix("7F") : address == "00000000000000000000000001000000"
    }
}
