/// Debian's control files: paragraphs of fields, with an empty line between them.
///
/// Source: Debian Policy 4.6, 5.1 "Syntax of control files". An image's database is nobody's word: nothing in it is
/// trusted to follow the form, and what does not is told and passed over.
struct ControlFile {
    /// The fields of one paragraph that were asked for.
    struct Paragraph {
        /// Where it begins, counted from 1.
        let line: Int
        /// By lower-case name; the first line of the value, without white space around it.
        var fields: [String: String] = [:]

        subscript(name: String) -> String? { fields[name] }
    }

    /// The longest value that is read, in bytes: names, versions and people are far shorter.
    static let valueLimit = 4096
    private static let nameLimit = 64

    private var lines: Lines
    private let wanted: Set<String>

    init(_ bytes: [UInt8], fields: Set<String>) {
        lines = Lines(bytes)
        wanted = fields
    }

    /// The next paragraph; nil at the end.
    mutating func next(_ problems: inout Problems) -> Paragraph? {
        var paragraph: Paragraph?
        while let line = lines.next() {
            guard let first = line.first else {
                if let paragraph { return paragraph }
                continue
            }
            // A further line of a value; none of those that we need has any.
            if first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") { continue }
            var current = paragraph ?? Paragraph(line: lines.number)
            read(line, into: &current, &problems)
            paragraph = current
        }
        return paragraph
    }

    private func read(_ line: ArraySlice<UInt8>, into paragraph: inout Paragraph, _ problems: inout Problems) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
            problems.add("line \(lines.number) is no field")
            return
        }
        guard colon - line.startIndex <= Self.nameLimit else { return }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        guard wanted.contains(name) else { return }
        guard paragraph.fields[name] == nil else {
            problems.add("line \(lines.number) gives '\(name)' a second time")
            return
        }
        let value = line[(colon + 1)...]
        guard value.count <= Self.valueLimit else {
            problems.add("line \(lines.number) gives '\(name)' a value of \(value.count) bytes")
            return
        }
        paragraph.fields[name] = Self.plainText(value)
    }

    /// Text without control characters and without white space around it; what is not UTF-8 is replaced.
    private static func plainText(_ bytes: ArraySlice<UInt8>) -> String {
        let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
            .map { $0.properties.generalCategory == .control ? " " : $0 }
        guard let first = scalars.firstIndex(where: { $0 != " " }),
            let last = scalars.lastIndex(where: { $0 != " " })
        else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }
}
