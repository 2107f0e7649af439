import Diagnostics
import Testing
import YAML

@Suite struct `JSON reader` {
    @Test func `every value has its place and exactly its bytes`() throws {
        let text =
            "{\n\t\"ключ\" : \"a\\u00e9\\ud83d\\ude00\\n\\/\",\r\n  \"n\": [-1.50e+3, 0, true, null, {}]\n}\n"
        let (node, messages) = readJSON(text)
        #expect(messages == [])
        let found = listing(try #require(node), in: text)
        #expect(
            found == """
                .ключ 2:11 "\\"a\\\\u00e9\\\\ud83d\\\\ude00\\\\n\\\\/\\""
                .n 3:8 "[-1.50e+3, 0, true, null, {}]"
                .n[0] 3:9 "-1.50e+3"
                .n[1] 3:19 "0"
                .n[2] 3:22 "true"
                .n[3] 3:28 "null"
                .n[4] 3:34 "{}"
                """
        )
        #expect(node?["ключ"]?.scalar == .init(text: "aé😀\n/", style: .doubleQuoted))
        #expect(node?["n"]?.sequence?[3].isNull == true)
    }

    @Test func `a byte order mark is no mistake`() {
        #expect(readJSON("\u{FEFF}[1]").node?.range.bytes == 3..<6)
    }

    static let mistakes: [(text: String, message: String)] = [
        ("", "a.json:1:1: error: the file is empty [json-syntax]\n  fix: write at least '{}' or '[]'"),
        (
            "{} x",
            "a.json:1:4: error: 'x' after the end of the value [json-syntax]\n"
                + "  fix: a file holds one JSON value"
        ),
        (
            "{\"a\": 1,\n}",
            "a.json:1:8: error: a ',' after the last entry [json-syntax]\n  why: JSON allows none\n  fix: remove it"
        ),
        (
            "[1,]",
            "a.json:1:3: error: a ',' after the last entry [json-syntax]\n  why: JSON allows none\n  fix: remove it"
        ),
        (
            "{'a': 1}",
            "a.json:1:2: error: ''' where a key in double quotes should stand [json-syntax]\n  fix: use double quotes"
        ),
        ("{\"a\" 1}", "a.json:1:6: error: '1' where ':' should stand after the key 'a' [json-syntax]"),
        (
            "{\"a\": 1\n \"b\": 2}",
            "a.json:2:2: error: '\"' where ',' or '}' should stand [json-syntax]\n"
                + "  why: the object starts at a.json:1:1"
        ),
        (
            "[1",
            "a.json:1:3: error: the end of the file where ',' or ']' should stand [json-syntax]\n"
                + "  why: the list starts at a.json:1:1"
        ),
        (
            "[01]",
            "a.json:1:3: error: a number cannot start with '0' [json-syntax]\n"
                + "  fix: write it in quotes, or without the '0'"
        ),
        ("[1.]", "a.json:1:4: error: ']' where a digit of the number should stand [json-syntax]"),
        ("[-]", "a.json:1:3: error: ']' where a digit of the number should stand [json-syntax]"),
        (
            "[True]",
            "a.json:1:2: error: 'True' is no JSON value [json-syntax]\n"
                + "  fix: put it in double quotes if it is meant as a text"
        ),
        (
            "[ // x\n1]",
            "a.json:1:3: error: '/' where a value should stand [json-syntax]\n  fix: JSON has no comments: remove it"
        ),
        ("['a']", "a.json:1:2: error: ''' where a value should stand [json-syntax]\n  fix: use double quotes"),
        ("[\"a]", "a.json:1:2: error: the text that starts here has no closing quote [json-syntax]"),
        (
            "[\"a\nb\"]",
            "a.json:1:4: error: the end of the line inside of a text [json-syntax]\n"
                + "  fix: close the text with '\"', or write '\\n'"
        ),
        (
            "[\"a\tb\"]",
            "a.json:1:4: error: a tab character inside of a text [json-syntax]\n"
                + "  fix: write it as an escape, like '\\t'"
        ),
        (
            "[\"\\d\"]",
            "a.json:1:3: error: an unknown escape in a text [json-syntax]\n  fix: write '\\\\' for a backslash"
        ),
        ("[\"\\u12\"]", "a.json:1:3: error: an escape without its four hexadecimal digits [json-syntax]"),
        ("[\"\\ud800x\"]", "a.json:1:3: error: half of a surrogate pair, which is no character [json-syntax]"),
        ("[\"\\udc00\"]", "a.json:1:3: error: half of a surrogate pair, which is no character [json-syntax]"),
    ]

    @Test(arguments: mistakes) func `mistakes have a place`(mistake: (text: String, message: String)) {
        let (node, messages) = readJSON(mistake.text)
        #expect(node == nil)
        #expect(messages == [mistake.message])
    }

    @Test func `a key given twice, and the limits`() {
        let (node, messages) = readJSON("{\"a\": 1, \"\\u0061\": 2}")
        #expect(node?["a"]?.scalar?.text == "1")
        #expect(
            messages == [
                """
                a.json:1:10: error: the key 'a' is given twice [duplicate-key]
                  why: the first is at a.json:1:2
                  fix: remove one of the two
                """
            ]
        )
        #expect(
            readJSON(String(repeating: "[", count: 100_000)).messages == [
                "a.json:1:101: error: more than 100 lists and mappings inside of one another [too-deep]"
            ]
        )
        #expect(
            readJSON("[1, 2, 3]", limits: ReadingLimits(nodes: 3)).messages == [
                """
                a.json:1:8: error: the document has more than 3 values [too-many-nodes]
                  why: each alias counts as often as the values that it stands for
                """
            ]
        )
        #expect(
            readJSON("[1]", limits: ReadingLimits(bytes: 2)).messages == [
                "a.json:1:1: error: the file has 3 bytes, more than the limit of 2 [text-too-large]"
            ]
        )
    }
}
