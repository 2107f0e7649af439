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

private func oneDecimal(_ value: Double) -> String {
    let tenths = Int64((value.magnitude * 10).rounded())
    return (value < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10)"
}
