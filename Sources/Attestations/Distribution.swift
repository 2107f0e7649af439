import Layers

/// What `os-release` says of the system in an image.
///
/// Source: os-release(5).
struct Distribution: Hashable {
    /// `debian`.
    let identifier: String
    /// `12`; nil for a rolling release.
    let version: String?

    init(identifier: String = "debian", version: String? = nil) {
        self.identifier = identifier
        self.version = version
    }

    /// A system that does not say what it is, or says it in another way, counts as Debian.
    init(of image: AttestedImage) throws {
        self.init()
        for path: EntryPath in ["etc/os-release", "usr/lib/os-release"] {
            let bytes: [UInt8]?
            do {
                bytes = try image.read(path, limit: 64 * 1024)
            } catch is AttestedImage.Unreadable {
                continue
            }
            guard let bytes else { continue }
            let values = Self.values(bytes)
            self.init(identifier: values["ID"] ?? "debian", version: values["VERSION_ID"])
            return
        }
    }

    /// Assignments whose value is a word, in quotes or not.
    private static func values(_ bytes: [UInt8]) -> [String: String] {
        var values: [String: String] = [:]
        for line in bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let parts = line.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
            guard !value.isEmpty, value.count <= 64,
                value.allSatisfy({ isAlphanumeric($0) || "-._".utf8.contains($0) })
            else { continue }
            values[String(decoding: parts[0], as: UTF8.self)] = String(decoding: value, as: UTF8.self).lowercased()
        }
        return values
    }
}
