import OCI
import YAML

/// The highest number of an account: 4294967295 is (uid_t)-1, which means "unchanged" to chown(2).
private let highestAccount: Int64 = 4_294_967_294

extension Shape where Value == Ownership {
    /// The form `USER[:GROUP]`.
    static var owner: Shape {
        Shape<String>.account.map { text in
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            return Ownership(user: parts.first ?? "0", group: parts.dropFirst().first)
        }
    }
}

extension Shape where Value == String {
    /// `USER[:GROUP]` as one text.
    static var account: Shape {
        Shape.text(.owner).then { text, node, reading in
            for part in text.split(separator: ":") {
                guard let number = Int64(part), number > highestAccount else { continue }
                return reading.fail(
                    at: node.place,
                    "the number \(number) is out of range",
                    .badOwner,
                    why: "account numbers end at \(highestAccount)"
                )
            }
            return text
        }
    }
}

extension Shape where Value == UInt32 {
    static var accountNumber: Shape { Shape<Int64>.integer(0...highestAccount, .badOwner).map { UInt32($0) } }

    /// An octal text in quotes: without them YAML readers disagree on what `0644` is.
    static var mode: Shape {
        Shape(
            schema: { Grammar.mode.schema.adding(["type": "string"]) },
            read: { node, reading in
                guard let text = reading.text(of: node) else { return nil }
                let isPlain = node.scalar?.style == .plain && text == node.scalar?.text
                guard isPlain, !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                    return reading.check(text, .mode, at: node.place).flatMap { UInt32($0, radix: 8) }
                }
                let isOctal = text.hasPrefix("0") && UInt32(text, radix: 8) != nil
                return reading.fail(
                    at: node.place,
                    "a mode must be a text in quotes, not the number \(text)",
                    .badMode,
                    why: "without quotes some readers of YAML take it for an octal number and some for a decimal one",
                    fix: isOctal ? "write \"\(text)\"" : "write it in octal with a '0' in front, as in \"0644\""
                )
            }
        )
    }
}

extension Shape where Value == Int64 {
    /// Nanoseconds of a text like `1m30s`.
    static var duration: Shape {
        Shape<String>.text(.duration).then { text, node, reading in
            if let nanoseconds = parseDuration(text) { return nanoseconds }
            return reading.fail(at: node.place, "the duration '\(text)' is too long", .badDuration)
        }
    }

    /// Whole seconds of such a text.
    static var seconds: Shape {
        duration.then { nanoseconds, node, reading in
            guard nanoseconds % 1_000_000_000 != 0 else { return nanoseconds / 1_000_000_000 }
            return reading.fail(at: node.place, "\(reading.subject) must be whole seconds", .badDuration)
        }
    }

    /// Bytes of a text like `4GiB`, at most 64 TiB, which is the largest EBS volume.
    static var size: Shape {
        Shape<String>.text(.size).then { text, node, reading in
            let shift = text.hasSuffix("MiB") ? 20 : text.hasSuffix("GiB") ? 30 : 40
            let (bytes, overflows) = (Int64(text.dropLast(3)) ?? 0).multipliedReportingOverflow(by: 1 << shift)
            if !overflows, bytes <= 64 << 40 { return bytes }
            return reading.fail(at: node.place, "the size '\(text)' is too large", .badSize, why: "the limit is 64TiB")
        }
    }
}

/// Nanoseconds, or nil where they do not fit.
private func parseDuration(_ text: String) -> Int64? {
    let units: [String: Int64] = [
        "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000,
    ]
    var total: Int64 = 0
    var rest = text[...]
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isNumber }
        let unit = rest.dropFirst(digits.count).prefix { !$0.isNumber }
        guard let count = Int64(digits), let factor = units[String(unit)] else { return nil }
        let (part, overflows) = count.multipliedReportingOverflow(by: factor)
        let (sum, sumOverflows) = total.addingReportingOverflow(part)
        if overflows || sumOverflows { return nil }
        total = sum
        rest = rest.dropFirst(digits.count + unit.count)
    }
    return total
}
