import HTTPTransport

/// One block of a PEM text: its label, and its bytes where they are Base64 and nothing else.
///
/// Source: RFC 7468. Text around the blocks is allowed, as OpenSSL writes it.
struct PEMBlock {
    let label: String
    /// Nil for an older encrypted block, which has headers, and for what is damaged.
    let content: [UInt8]?
    /// RFC 1421's header of an encrypted block.
    let isEncrypted: Bool

    /// All blocks that begin and end, in their order.
    static func all(in text: String) -> [PEMBlock] {
        var blocks: [PEMBlock] = []
        var open: (label: String, lines: [Substring])?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if let label = label(line, "BEGIN") {
                open = (label, [])
            } else if let ended = label(line, "END") {
                if let found = open, found.label == ended { blocks.append(PEMBlock(found.label, found.lines)) }
                open = nil
            } else {
                open?.lines.append(line)
            }
        }
        return blocks
    }

    private init(_ label: String, _ lines: [Substring]) {
        self.label = label
        isEncrypted = lines.contains { $0.hasPrefix("Proc-Type:") && $0.contains("ENCRYPTED") }
        content = Base64.decode(lines.joined())
    }

    private static func label(_ line: Substring, _ word: String) -> String? {
        guard line.hasPrefix("-----\(word) "), line.hasSuffix("-----"), line.count > 12 + word.count else { return nil }
        return String(line.dropFirst(6 + word.count).dropLast(5))
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = self
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
