import OCI

/// A calendar version format such as `YYYY.0M.MICRO`.
///
/// The words are those of calver.org: `YY` counts from 2000, a leading `0` pads to two digits. `MICRO` counts the versions
/// that are equal in all else, from 0.
struct VersionCalendar: Sendable {
    private enum Part {
        case year
        case shortYear(isPadded: Bool)
        case month(isPadded: Bool)
        case day(isPadded: Bool)
        case counter
        case separator(Character)

        var isCounter: Bool { if case .counter = self { true } else { false } }
    }

    private let parts: [Part]

    init?(_ format: String) {
        var parts: [Part] = []
        var word = ""
        for character in format + "." {
            guard character == "." || character == "-" || character == "_" else {
                word.append(character)
                continue
            }
            guard let part = Self.part(word) else { return nil }
            parts.append(part)
            parts.append(.separator(character))
            word = ""
        }
        parts.removeLast()
        self.parts = parts
        guard parts.count(where: \.isCounter) <= 1 else { return nil }
    }

    private static func part(_ word: String) -> Part? {
        switch word {
        case "YYYY": .year
        case "YY": .shortYear(isPadded: false)
        case "0Y": .shortYear(isPadded: true)
        case "MM": .month(isPadded: false)
        case "0M": .month(isPadded: true)
        case "DD": .day(isPadded: false)
        case "0D": .day(isPadded: true)
        case "MICRO": .counter
        default: nil
        }
    }

    var hasCounter: Bool { parts.contains(where: \.isCounter) }

    /// The version of the date (seconds since 1970, read in UTC), the counter above those of `versions` with the same date.
    func next(on date: Int64, after versions: [String]) -> String {
        // `YYYY-MM-DDT...`
        let date = Timestamp.text(seconds: date).prefix(10).split(separator: "-").compactMap { Int($0) }
        let before = text(parts.prefix { !$0.isCounter }, date)
        guard hasCounter else { return before }
        let after = text(parts.drop { !$0.isCounter }.dropFirst(), date)
        let counters = versions.compactMap { version -> Int64? in
            guard version.hasPrefix(before), version.hasSuffix(after) else { return nil }
            return wholeNumber(version.dropFirst(before.count).dropLast(after.count))
        }
        return before + String((counters.max() ?? -1) + 1) + after
    }

    private func text(_ parts: some Sequence<Part>, _ date: [Int]) -> String {
        parts.map { part in
            switch part {
            case .year: number(date[0], isPadded: false)
            case .shortYear(let isPadded): number(date[0] - 2000, isPadded: isPadded)
            case .month(let isPadded): number(date[1], isPadded: isPadded)
            case .day(let isPadded): number(date[2], isPadded: isPadded)
            case .counter: ""
            case .separator(let character): String(character)
            }
        }.joined()
    }

    private func number(_ value: Int, isPadded: Bool) -> String { isPadded && value < 10 ? "0\(value)" : "\(value)" }
}
