extension YAMLScalar {
    /// Whether a text may stand without quotes and is a text for every reader.
    ///
    /// Stricter than the grammar: what YAML 1.1 or 1.2 takes as a number, a boolean, null or a date is not safe, and
    /// neither is anything but printable ASCII.
    static func isPlainSafe(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return false }
        guard bytes.allSatisfy({ (0x20...0x7E).contains($0) }), first != 0x20, last != 0x20 else { return false }
        if Array("!&*-?|>%@`\"'#{}[],:=<~".utf8).contains(first) {
            // A dash starts a plain scalar where a letter follows: '-x', not '-', '- x', '--- ', '-1'.
            guard first == UInt8(ascii: "-"), bytes.count > 1, isLetter(bytes[1]) else { return false }
        }
        if last == UInt8(ascii: ":") || text.contains(": ") || text.contains(" #") || text == "..." { return false }
        // A '?' is allowed in the middle, but PyYAML takes one before a comma for a key.
        if bytes.contains(UInt8(ascii: "?")) { return false }
        return !isWord(text) && !looksLikeNumber(bytes)
    }

    /// A whole number whose text every reader gives back unchanged, as in `80`.
    static func isCanonicalInteger(_ text: String) -> Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard let first = digits.first, digits.count <= 15, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return false
        }
        return first != 0x30 || text == "0"
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    /// Booleans and null of YAML 1.1 (https://yaml.org/type/bool.html), in any case.
    private static func isWord(_ text: String) -> Bool {
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "none"].contains(text.lowercased())
    }

    /// Numbers of any base, with underscores, base 60 and dates: all start with a digit, a sign or a dot.
    ///
    /// A text that starts so is still no number where it has a letter that no number has: `1-2b`, `10.0.0.1/24`.
    private static func looksLikeNumber(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, (0x30...0x39).contains(first) || [0x2B, 0x2D, 0x2E].contains(first) else {
            return false
        }
        if [".inf", ".nan"].contains(
            String(decoding: bytes.filter { $0 != 0x2B && $0 != 0x2D }, as: UTF8.self).lowercased()
        ) {
            return true
        }
        let isDate = Array("0123456789-:.TtZz +_".utf8)
        let isNumber = Array("0123456789abcdefABCDEFxXoO_.+-,".utf8)
        return bytes.allSatisfy { isDate.contains($0) } || bytes.allSatisfy { isNumber.contains($0) }
    }
}
