import OCI
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

    @Test func `reads every kind of value`() throws {
        let text = #" {"a": [1, -0, 2.5, 1e3, true, false, null], "b": {}, "c": "x\u00e9\ud83d\ude00\n\/"} "#
        #expect(
            try parse(text)
                == .object([
                    "a": .array([1, 0, .number(2.5), .number(1000), true, false, .null]), "b": .object([:]),
                    "c": "xé😀\n/",
                ])
        )
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(try parse("[]") == .array([]))
    }

    private static let bad: [(text: String, reason: String)] = [
        ("", "line 1, column 1: the text ends where a value should be"),
        ("{\"a\":1,\n \"a\":2}", "line 2, column 2: the key 'a' is there twice"),
        ("[1,]", "line 1, column 4: a value cannot start so"),
        ("{\"a\" 1}", "line 1, column 6: ':' is missing after a key"),
        ("{a:1}", "line 1, column 2: a key in double quotes is missing"),
        ("[1 2]", "line 1, column 4: ',' or ']' is missing"),
        ("{\"a\":1", "line 1, column 7: ',' or '}' is missing"),
        ("01", "line 1, column 2: something follows the value"),
        ("1 1", "line 1, column 3: something follows the value"),
        ("-", "line 1, column 2: a digit is missing"),
        ("1.", "line 1, column 3: a digit is missing"),
        ("1e999", "line 1, column 6: the number '1e999' is too large"),
        ("\"a", "line 1, column 3: a string has no end"),
        ("\"a\tb\"", "line 1, column 3: a string has a control character that is not escaped"),
        ("\"\\x\"", "line 1, column 4: a string has an escape that JSON does not know"),
        ("\"\\u12g4\"", "line 1, column 4: '\\u' is not followed by four hexadecimal digits"),
        ("\"\\ud800x\"", "line 1, column 8: a string has half a surrogate pair"),
        ("nul", "line 1, column 1: a value cannot start so"),
    ]

    @Test func `refuses what is not JSON, with the place`() {
        for (text, reason) in Self.bad {
            #expect(throws: DocumentError.invalid(document: "JSON", reason: reason)) { try parse(text) }
        }
        #expect(throws: DocumentError.invalid(document: "JSON", reason: "line 1, column 4: a string is not UTF-8")) {
            try JSONValue.parse([0x22, 0xFF, 0x22])
        }
    }

    @Test func `is bounded in size and depth`() throws {
        #expect(throws: DocumentError.tooLarge(size: 5, limit: 4)) {
            try JSONValue.parse(Array("[1,2]".utf8), limit: 4)
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(
            throws: DocumentError.invalid(
                document: "JSON",
                reason: "line 1, column 201: the text is nested deeper than 200"
            )
        ) { try parse(deep) }
        #expect(throws: Never.self) {
            try parse(String(repeating: "[", count: 200) + String(repeating: "]", count: 200))
        }
    }

    @Test func `reads back what is written`() throws {
        let value = JSONValue.object(["k\"\\\u{1}é😀": .array(["\u{7f}/", 1, .null]), "": .object([:])])
        #expect(try JSONValue.parse(value.canonicalBytes) == value)
        #expect(try parse(value.prettyText) == value)
    }
}
