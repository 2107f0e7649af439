package import SystemIO

/// A file or folder of the user's as a step sees it: names, kinds, execute bits and content, and nothing else.
///
/// Owners and times of the work tree do not count, so a checkout by somebody else is the same input.
package struct InputTree: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package enum Content: Sendable, Hashable {
            case file(digest: Digest, size: Int64, isExecutable: Bool)
            case directory
            case symlink(target: [UInt8])
        }

        /// Relative to the source; empty for the source itself.
        package let path: [UInt8]
        package let content: Content

        package init(path: [UInt8], content: Content) {
            self.path = path
            self.content = content
        }
    }

    /// Sorted by path, the source itself first.
    package let entries: [Entry]
    /// One line an entry; what the digest is of, and what two states are compared by.
    package let listing: String
    package let digest: Digest

    package init(entries: [Entry]) {
        self.entries = entries
        var listing = ""
        for entry in entries {
            let name = escaped(entry.path)
            switch entry.content {
            case .file(let digest, _, let isExecutable):
                listing += "\(isExecutable ? "x" : "f") \(digest.hex) \(name)\n"
            case .directory: listing += "d - \(name)\n"
            case .symlink(let target): listing += "l \(escaped(target)) \(name)\n"
            }
        }
        self.listing = listing
        self.digest = Digester.digest(of: listing)
    }

    package var isDirectory: Bool { entries.first?.content == .directory }
}

/// Bytes as one word of text: white space, control characters, `%` and what is not UTF-8 become `%XX`.
package func escaped(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    let isText = String(validating: bytes, as: UTF8.self) != nil
    var result: [UInt8] = []
    for byte in bytes {
        if byte <= 0x20 || byte == 0x7f || byte == UInt8(ascii: "%") || (byte >= 0x80 && !isText) {
            result.append(UInt8(ascii: "%"))
            result += Array(hexadecimal([byte]).utf8)
        } else {
            result.append(byte)
        }
    }
    return String(decoding: result, as: UTF8.self)
}
