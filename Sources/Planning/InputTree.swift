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

    /// In the order of the walk: the source itself first, a folder right before what is in it, names by their bytes.
    package let entries: Entries
    package let digest: Digest

    package init(entries: Entries) {
        self.entries = entries
        var digester = Digester()
        var text: [UInt8] = []
        for position in entries.indices {
            entries.appendLine(of: position, to: &text)
            if text.count >= 32 << 10 {
                digester.update(text)
                text.removeAll(keepingCapacity: true)
            }
        }
        digester.update(text)
        self.digest = digester.finish()
    }

    /// One line an entry; what the digest is of, and what two states are compared by.
    package var lines: some Sequence<String> {
        entries.indices.lazy.map { [entries] position in
            var text: [UInt8] = []
            entries.appendLine(of: position, to: &text)
            return String(decoding: text, as: UTF8.self)
        }
    }

    package var isDirectory: Bool { entries.first?.content == .directory }

    /// Equal digests stand for equal trees.
    package static func == (left: InputTree, right: InputTree) -> Bool { left.digest == right.digest }

    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// Bytes as one word of text: white space, control characters, `%` and what is not UTF-8 become `%XX`.
package func escaped(_ bytes: some Sequence<UInt8>) -> String {
    var result = Array(bytes)
    escape(from: 0, in: &result)
    return String(decoding: result, as: UTF8.self)
}

/// Makes what stands behind a place what `escaped` gives for it.
func escape(from start: Int, in text: inout [UInt8]) {
    let isPlain = text.withUnsafeBytes {
        $0[start...].allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "%") }
    }
    if isPlain { return }
    let bytes = Array(text[start...])
    let isText = String(validating: bytes, as: UTF8.self) != nil
    text.removeSubrange(start...)
    for byte in bytes {
        if byte <= 0x20 || byte == 0x7f || byte == UInt8(ascii: "%") || (byte >= 0x80 && !isText) {
            text.append(UInt8(ascii: "%"))
            text += Array(hexadecimal([byte]).utf8)
        } else {
            text.append(byte)
        }
    }
}

/// The bytes that `escaped` was given.
func unescaped(_ text: Substring) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
            result.append(value)
            rest = rest.dropFirst(2)
        } else {
            result.append(byte)
        }
    }
    return result
}
