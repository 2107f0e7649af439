/// Sizes in decimal units, as disks and registries count them: `12.3 MB`.
package enum Sizes {
    package static func text(_ bytes: Int64) -> String {
        if bytes.magnitude < 1000 { return "\(bytes) B" }
        var value = Double(bytes)
        for unit in ["kB", "MB", "GB", "TB"] {
            value /= 1000
            // 999.95 would round to 1000.0.
            if value.magnitude < 999.95 || unit == "TB" { return "\(oneDecimal(value)) \(unit)" }
        }
        preconditionFailure("the last unit takes every size")
    }

    /// A change of size with its sign: `+1.2 MB`, `-300 B`, `0 B`.
    package static func change(_ bytes: Int64) -> String { (bytes > 0 ? "+" : "") + text(bytes) }
}

/// Spans of time: `0.4 s`, `12.3 s`, `3 min 4 s`, `2 h 5 min`.
package enum Durations {
    package static func text(_ seconds: Double) -> String {
        let seconds = max(0, seconds)
        if seconds < 59.95 { return "\(oneDecimal(seconds)) s" }
        let whole = Int64(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
}

/// Dates in UTC as RFC 3339 writes them: `2026-01-02T03:04:05Z`.
package enum Timestamps {
    /// - Parameter seconds: since 1970.
    package static func text(_ seconds: Int64) -> String {
        let inDay = seconds - days(seconds) * 86400
        let time = [inDay / 3600, inDay % 3600 / 60, inDay % 60].map { twoDigits($0) }.joined(separator: ":")
        return "\(day(seconds))T\(time)Z"
    }

    /// The date alone: `2026-01-02`.
    package static func day(_ seconds: Int64) -> String {
        // Civil date from a day count, in years that start in March so that the leap day comes last.
        let shifted = days(seconds) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let yearDigits = String(year)
        return String(repeating: "0", count: max(0, 4 - yearDigits.count)) + yearDigits
            + "-\(twoDigits(month))-\(twoDigits(day))"
    }

    private static func days(_ seconds: Int64) -> Int64 {
        seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
    }

    private static func twoDigits(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
}

private func oneDecimal(_ value: Double) -> String {
    let tenths = Int64((value.magnitude * 10).rounded())
    return (value < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10)"
}
