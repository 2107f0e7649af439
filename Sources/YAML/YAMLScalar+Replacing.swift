import Diagnostics

extension YAMLScalar {
    /// The edit that puts a new text in the place of a scalar of `text`, in the style of the old one.
    ///
    /// - An alias is replaced where it stands; the anchored value stays.
    /// - A whole number is replaced by a whole number without quotes; any other text that a reader could take for
    ///   something else gets double quotes.
    /// - A block scalar keeps its indentation, the comment beside its `|` or `>` and the blank lines after it.
    ///
    /// The tag and the anchor before the value stay.
    package static func replacing(
        _ node: Node,
        with new: String,
        in text: [UInt8],
        context: Context = .flow
    ) -> TextEdit {
        if let alias = node.alias {
            return TextEdit(range: alias.bytes, replacement: render(new, as: .plain, in: context))
        }
        let range = node.range.bytes
        guard let scalar = node.scalar else {
            return TextEdit(range: range, replacement: render(new, as: .plain, in: context))
        }
        switch scalar.style {
        case .literal, .folded:
            return BlockScalar(range, in: text).replaced(by: new, folded: scalar.style == .folded)
        case .plain where isCanonicalInteger(scalar.text) && isCanonicalInteger(new):
            return TextEdit(range: range, replacement: new)
        case .plain, .singleQuoted, .doubleQuoted:
            let rendered = render(new, as: scalar.style, in: context)
            // An empty value stands right behind the ':' of its key, or its tag.
            let needsSpace =
                range.isEmpty && range.lowerBound > 0 && ![0x20, 0x09, 0x0A].contains(text[range.lowerBound - 1])
            return TextEdit(range: range, replacement: needsSpace ? " " + rendered : rendered)
        }
    }
}

/// The parts of a block scalar's text that an edit keeps.
private struct BlockScalar {
    private let start: Int
    /// What follows the indicators on the first line: blanks, a comment, and the line end.
    private let restOfHeader: String
    /// The indentation of the first line that is not blank, or nil where all are.
    private let indentation: String?
    /// The end of the last line that is not blank.
    private let contentEnd: Int
    private let end: Int
    private let lineEnd: String
    /// Whether the last line of the content has a line end.
    private let endsWithLineEnd: Bool

    init(_ range: Range<Int>, in text: [UInt8]) {
        start = range.lowerBound
        end = range.upperBound
        var lines: [Range<Int>] = []
        var lineStart = range.lowerBound
        for offset in range where text[offset] == 0x0A || offset == range.upperBound - 1 {
            lines.append(lineStart..<offset + 1)
            lineStart = offset + 1
        }
        let isBlank: (Range<Int>) -> Bool = { line in text[line].allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) } }
        let header = lines.first ?? range
        let indicators = text[header].prefix { Array("|>+-0123456789".utf8).contains($0) }
        restOfHeader = String(decoding: text[indicators.endIndex..<header.upperBound], as: UTF8.self)
        lineEnd = restOfHeader.utf8.suffix(2).elementsEqual([0x0D, 0x0A]) ? "\r\n" : "\n"
        let content = lines.dropFirst().filter { !isBlank($0) }
        indentation = content.first.map { line in
            String(decoding: text[line].prefix { $0 == 0x20 }, as: UTF8.self)
        }
        contentEnd = content.last?.upperBound ?? header.upperBound
        endsWithLineEnd = text[start..<contentEnd].last == 0x0A
    }

    func replaced(by new: String, folded: Bool) -> TextEdit {
        block(new, folded: folded) ?? quoted(new)
    }

    /// The same style where it can say the text.
    private func block(_ new: String, folded: Bool) -> TextEdit? {
        guard let indentation, !indentation.isEmpty, endsWithLineEnd else { return nil }
        let plain = new.unicodeScalars.allSatisfy { $0 == "\n" || (0x20...0x7E).contains($0.value) || $0.value >= 0xA0 }
        let strange = new.unicodeScalars.contains { [0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF].contains($0.value) }
        let trailing = new.utf8.reversed().prefix { $0 == 0x0A }.count
        let body = String(new.dropLast(trailing))
        guard plain, !strange, trailing <= 1, !body.isEmpty, body.first != "\n", body.first != " " else { return nil }
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
        // A folded line that starts with a space is not folded, and its neighbours are not either.
        if folded, lines.contains(where: { $0.first == " " }) { return nil }
        let separator = folded ? foldedBreaks(lines) : Array(repeating: 1, count: lines.count - 1)
        var written = indentation + lines[0]
        for (line, breaks) in zip(lines.dropFirst(), separator) {
            written += String(repeating: lineEnd, count: breaks)
            written += line.isEmpty ? "" : indentation + line
        }
        let indicator = (folded ? ">" : "|") + (trailing == 0 ? "-" : "")
        let plainText = "k: \(indicator)\n" + written.replacing("\r\n", with: "\n") + "\nl: m\n"
        guard YAMLScalar.reads(plainText, key: "k", as: new) else { return nil }
        return TextEdit(range: start..<contentEnd, replacement: indicator + restOfHeader + written + lineEnd)
    }

    /// Between two lines of a folded scalar one line end is a space, so a line end takes one more.
    private func foldedBreaks(_ lines: [Substring]) -> [Int] {
        zip(lines, lines.dropFirst()).map { before, _ in before.isEmpty ? 1 : 2 }
    }

    private func quoted(_ new: String) -> TextEdit {
        TextEdit(range: start..<contentEnd, replacement: YAMLScalar.doubleQuoted(new) + restOfHeader)
    }
}

extension YAMLScalar {
    /// Whether the member of a document is read as the text.
    static func reads(_ document: String, key: String, as text: String) -> Bool {
        var diagnostics = DiagnosticList()
        let node = YAMLReader.read(Array(document.utf8), file: "", diagnostics: &diagnostics)
        guard !diagnostics.hasErrors else { return false }
        return node?[key]?.scalar?.text.utf8.elementsEqual(text.utf8) ?? false
    }
}
