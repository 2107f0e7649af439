import OCI
import YAML

extension Shape where Value == Int64 {
    /// Seconds since 1970 as a number, or a date `2026-01-31`, or a time `2026-01-31T12:00:00Z`.
    ///
    /// The highest is what the eleven octal digits of a tar header hold.
    static var timestamp: Shape {
        Shape(
            schema: {
                .object(["anyOf": .array([Shape<Int64>.integer(0...highest).schema(), Grammar.date.schema])])
            },
            read: { node, reading in
                guard let text = reading.text(of: node) else { return nil }
                if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
                    return Shape<Int64>.integer(0...highest, .badTimestamp).read(node, &reading)
                }
                guard reading.check(text, .date, at: node.place) != nil else { return nil }
                let time = text.utf8.count == 10 ? text + "T00:00:00Z" : text
                if let seconds = Timestamp.seconds(time), (0...highest).contains(seconds) { return seconds }
                return reading.fail(
                    at: node.place,
                    "the time '\(text)' is not in the calendar, or before 1970",
                    .badTimestamp
                )
            }
        )
    }

    private static var highest: Int64 { 8_589_934_591 }
}

extension Grammar {
    fileprivate static let date = Grammar(
        "a time",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?",
        .badTimestamp,
        rule: "seconds since 1970, or the form '2026-01-31' or '2026-01-31T12:00:00Z'"
    )
}
