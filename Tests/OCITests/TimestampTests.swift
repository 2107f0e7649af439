import OCI
import Testing

@Suite struct TimestampTests {
    private static let pairs: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (1_709_164_799, "2024-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"), (-62_167_219_200, "0000-01-01T00:00:00Z"),
    ]

    @Test func `writes and reads UTC`() {
        for (seconds, text) in Self.pairs {
            #expect(Timestamp.text(seconds: seconds) == text)
            #expect(Timestamp.seconds(text) == seconds)
        }
        #expect(Timestamp.text(seconds: .max) == "9999-12-31T23:59:59Z")
        #expect(Timestamp.text(seconds: .min) == "0000-01-01T00:00:00Z")
    }

    @Test func `days in a row stay days in a row`() {
        for day in Int64(-1000)..<60_000 {
            #expect(Timestamp.seconds(Timestamp.text(seconds: day * 86_400)) == day * 86_400)
        }
    }

    @Test func `reads fractions and offsets`() {
        #expect(Timestamp.seconds("1970-01-01T01:00:00.123456789+01:00") == 0)
        #expect(Timestamp.seconds("1969-12-31t18:30:00-05:30") == 0)
    }

    @Test func `refuses what is no date`() {
        for text in [
            "", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00+25:00",
            "+970-01-01T00:00:00Z", "1970-01-01 00:00:00Z", "1970-01-01T00:00:00ZZ",
        ] {
            #expect(Timestamp.seconds(text) == nil, "\(text)")
        }
    }
}
