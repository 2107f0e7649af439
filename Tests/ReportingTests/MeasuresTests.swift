import Reporting
import Testing

@Suite struct MeasuresTests {
    @Test(
        arguments: [
            (Int64(0), "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (999_949, "999.9 kB"),
            (999_950, "1.0 MB"), (4_294_967_296, "4.3 GB"), (Int64.max, "9223372.0 TB"), (-1500, "-1.5 kB"),
        ] as [(Int64, String)]
    )
    func `a size has one decimal and a decimal unit`(bytes: Int64, text: String) {
        #expect(Sizes.text(bytes) == text)
    }

    @Test func `a change of size has its sign`() {
        #expect(Sizes.change(1500) == "+1.5 kB")
        #expect(Sizes.change(-3) == "-3 B")
        #expect(Sizes.change(0) == "0 B")
    }

    @Test(
        arguments: [
            (0.04, "0.0 s"), (1.25, "1.3 s"), (59.94, "59.9 s"), (59.96, "1 min 0 s"), (184, "3 min 4 s"),
            (3599.6, "1 h 0 min"), (7500, "2 h 5 min"), (-1, "0.0 s"),
        ] as [(Double, String)]
    )
    func `a span of time is in the units that fit`(seconds: Double, text: String) {
        #expect(Durations.text(seconds) == text)
    }

    @Test(arguments: [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("✓", 1), ("🐦", 2), ("ａ", 2)])
    func `wide characters take two columns`(text: String, width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test func `text is cut by columns and not by characters`() {
        #expect("日本語の名前".cut(to: 6) == "日本…")
        #expect("abcdef".cut(to: 6) == "abcdef")
        #expect("abcdefg".cut(to: 6) == "abcde…")
        #expect("ab".cut(to: 0) == "")
        #expect("日".padded(to: 4) == "日  ")
    }

    // Bad input, row 35: what is shown must not steer the terminal.
    @Test func `row 35: control characters become visible`() {
        let hostile = "a\u{1b}]0;title\u{7}b\r\nc\td\u{9b}31m\u{202e}e\u{7f}\u{2028}"
        #expect(hostile.neutralised == "a\\x1b]0;title\\x07b\\r\\nc\\td\\x9b31m\\u{202e}e\\x7f\\u{2028}")
        #expect("Grüße, 日本 🐦".neutralised == "Grüße, 日本 🐦")
    }
}
