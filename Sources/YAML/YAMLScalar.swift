import Diagnostics

/// Writes texts as YAML scalars, so that YAML 1.1 and 1.2 readers alike get exactly the text back.
package enum YAMLScalar {
    /// Where a scalar is to stand.
    package enum Context: Sendable {
        /// After a key or `- ` in indented text.
        case block
        /// Inside of `[ ]` or `{ }`, where commas and brackets end a plain scalar.
        case flow
    }

    /// The text on one line, in the wanted style where that can say it, else in double quotes.
    ///
    /// Plain is used only where every reader takes the text as this text: not for `0123`, `true`, `1.10`, `null`, a
    /// date, what looks like syntax, or text beyond ASCII. Block styles need the old scalar: see `replacing`.
    package static func render(_ text: String, as style: Node.Scalar.Style, in context: Context) -> String {
        let candidate: String? =
            switch style {
            case .plain: isPlainSafe(text) ? text : nil
            case .singleQuoted: singleQuoted(text)
            case .doubleQuoted, .literal, .folded: nil
            }
        if let candidate, readsBack(candidate, as: text, in: context) { return candidate }
        return doubleQuoted(text)
    }

    /// Whether the rendered scalar is read as the text, at a place like its own.
    static func readsBack(_ rendered: String, as text: String, in context: Context) -> Bool {
        let document = context == .flow ? "[\(rendered)]" : "k: \(rendered)\nl: m\n"
        var diagnostics = DiagnosticList()
        guard let node = YAMLReader.read(Array(document.utf8), file: "", diagnostics: &diagnostics),
            !diagnostics.hasErrors
        else { return false }
        let value: Node? =
            switch context {
            case .flow: node.sequence.flatMap { $0.count == 1 ? $0[0] : nil }
            case .block: node["l"]?.scalar?.text == "m" ? node["k"] : nil
            }
        guard let value, value.tag == nil, value.anchor == nil, value.alias == nil else { return false }
        return value.scalar?.text.utf8.elementsEqual(text.utf8) ?? false
    }

    // MARK: Quotes

    private static func singleQuoted(_ text: String) -> String? {
        guard text.unicodeScalars.allSatisfy({ isPrintable($0) }) else { return nil }
        return "'" + text.replacing("'", with: "''") + "'"
    }

    static func doubleQuoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case let scalar where isPrintable(scalar): result.unicodeScalars.append(scalar)
            case let scalar where scalar.value <= 0xFF: result += "\\x" + hexadecimal(scalar.value, digits: 2)
            case let scalar where scalar.value <= 0xFFFF: result += "\\u" + hexadecimal(scalar.value, digits: 4)
            case let scalar: result += "\\U" + hexadecimal(scalar.value, digits: 8)
            }
        }
        return result + "\""
    }

    /// What may stand in quotes as it is: no control character, no line break of YAML, no byte order mark.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
        case 0x20...0x7E, 0xA0...: true
        default: false
        }
    }
}
