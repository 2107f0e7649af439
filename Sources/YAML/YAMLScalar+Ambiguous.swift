extension YAMLScalar {
    /// What readers of YAML can make of a plain scalar other than its text, or nil where they agree.
    ///
    /// They agree on whole numbers as one writes them, and on `true` and `false`. They do not on `0123` (octal, 83),
    /// `1.10` (a number, 1.1), `1_000`, `1e3`, `0x1f`, `12:30` (base 60 in YAML 1.1), `yes`, `off`, or a date.
    package static func ambiguity(ofPlain text: String) -> String? {
        if ["yes", "no", "on", "off", "y", "n"].contains(text.lowercased()) { return "a boolean" }
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard let first = rest.first, isDigit(first) || first == UInt8(ascii: "."), !isCanonicalInteger(text) else {
            return nil
        }
        let digits = rest.filter { isDigit($0) }.count
        let dots = rest.filter { $0 == UInt8(ascii: ".") }.count
        let others = Set(rest.filter { !isDigit($0) && $0 != UInt8(ascii: ".") })
        if others.isEmpty, dots == 0 { return "a number" }
        if others.isEmpty, dots == 1, digits > 0 {
            return rest.last == UInt8(ascii: "0") || first == UInt8(ascii: ".") ? "a number" : nil
        }
        if others == [UInt8(ascii: "_")], dots <= 1 { return "a number" }
        if others == [UInt8(ascii: ":")] { return "a number in base 60" }
        if others == [UInt8(ascii: "-")], digits == 8, rest.count == 10, dots == 0 { return "a date" }
        let lower = Array(rest.map { $0 | 0x20 })
        if lower.starts(with: Array("0x".utf8)) || lower.starts(with: Array("0o".utf8)) {
            return lower.dropFirst(2).allSatisfy { isDigit($0) || (0x61...0x66).contains($0) } ? "a number" : nil
        }
        let parts = lower.split(separator: UInt8(ascii: "e"), omittingEmptySubsequences: false)
        guard parts.count == 2, let exponent = parts.last, parts[0].allSatisfy({ isDigit($0) || $0 == 0x2E }) else {
            return nil
        }
        // The sign of the exponent has lost nothing to the lower case: '+' is 0x2B and '-' is 0x2D already.
        let unsigned = exponent.first == 0x2B || exponent.first == 0x2D ? exponent.dropFirst() : exponent
        return !unsigned.isEmpty && unsigned.allSatisfy { isDigit($0) } ? "a number" : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
