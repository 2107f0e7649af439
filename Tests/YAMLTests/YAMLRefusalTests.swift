import Diagnostics
import Testing
import YAML

@Suite struct `YAML refusals` {
    @Test func `an alias inside of its own value`() {
        #expect(
            readYAML("a: &x\n  - 1\n  - *x\n").messages == [
                """
                a.yaml:3:5: error: the alias '*x' stands inside of the value that it names [alias-cycle]
                  fix: write out what is meant here
                """
            ]
        )
    }

    @Test func `an anchor with a near name`() {
        #expect(
            readYAML("a: &server 1\nb: *sever\n").messages == [
                """
                a.yaml:2:4: error: no anchor '&sever' stands before the alias '*sever' [unknown-anchor]
                  fix: write '*server'
                """
            ]
        )
    }

    @Test func `aliases that multiply`() {
        var text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            text += "l\(level): &l\(level) [" + (0..<10).map { _ in "*l\(level - 1)" }.joined(separator: ", ") + "]\n"
        }
        let (node, messages) = readYAML(text)
        #expect(node == nil)
        #expect(
            messages == [
                """
                a.yaml:5:45: error: the document has more than 100000 values [too-many-nodes]
                  why: each alias counts as often as the values that it stands for
                """
            ]
        )
    }

    @Test func `nesting, written and by aliases`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(
            readYAML(deep).messages == [
                "a.yaml:1:101: error: more than 100 lists and mappings inside of one another [too-deep]"
            ]
        )
        let fine = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(readYAML(fine).messages == [])
        var text = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n"
        for level in 1...12 { text += "a\(level): &a\(level) [[[[[[[[[[*a\(level - 1)]]]]]]]]]]\n" }
        #expect(
            readYAML(text).messages == [
                "a.yaml:10:19: error: more than 100 lists and mappings inside of one another [too-deep]"
            ]
        )
    }

    @Test func `a text that is too large`() {
        #expect(
            readYAML("a: 12345678\n", limits: ReadingLimits(bytes: 10)).messages == [
                "a.yaml:1:1: error: the file has 12 bytes, more than the limit of 10 [text-too-large]"
            ]
        )
    }

    @Test func `two documents`() {
        let (node, messages) = readYAML("a: 1\n---\nb: 2\n")
        #expect(node?["a"]?.scalar?.text == "1")
        #expect(
            messages == [
                """
                a.yaml:2:1: error: a second document starts here [many-documents]
                  why: the file holds one document
                  fix: remove the '---', or make two files
                """
            ]
        )
    }

    @Test func `bytes that are no UTF-8`() {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]] {
            let digits = String(bytes[0], radix: 16, uppercase: true)
            #expect(
                readYAML(Array("é: ".utf8) + bytes).messages == [
                    """
                    a.yaml:1:4: error: the byte 0x\(digits) is not UTF-8 [not-utf-8]
                      fix: save the file as UTF-8
                    """
                ]
            )
        }
    }

    @Test func `a key that is missing`() {
        #expect(
            readYAML("a: 1\n? \n: 2\n").messages == [
                """
                a.yaml:2:2: error: a ':' without a key before it [key-not-text]
                  fix: write the key, or put the value in quotes
                """
            ]
        )
    }

    static let mistakes: [(text: String, message: String)] = [
        (
            "a: b: c\n",
            """
            a.yaml:1:5: error: a ':' in the middle of a value [yaml-syntax]
              why: ': ' separates a key from its value, and here is no place for a key
              fix: put the value in quotes, or start the key on its own line with the indentation of its neighbours
            """
        ),
        (
            "a: 1\n b: 2\n",
            """
            a.yaml:2:3: error: a ':' in the middle of a value [yaml-syntax]
              why: ': ' separates a key from its value, and here is no place for a key
              fix: put the value in quotes, or start the key on its own line with the indentation of its neighbours
            """
        ),
        (
            "m:\n  a: 1\n b: 2\n",
            """
            a.yaml:3:2: error: 'b' where a key of the mapping should stand [yaml-syntax]
              why: the mapping starts at a.yaml:1:1
              fix: indent the line like the other keys, and put values in quotes that have quotes or brackets in them
            """
        ),
        (
            "a: 1\nb\nc: 2\n",
            """
            a.yaml:2:1: error: a ':' is missing after this key [yaml-syntax]
              fix: write ': ' and a value, or indent the line if it goes on with the value above
            """
        ),
        (
            "a: 'x\nb: 2\n",
            """
            a.yaml:1:4: error: the quoted text that starts here has no end [yaml-syntax]
              fix: close it with the quote that it starts with
            """
        ),
        (
            "a: [1, 2\nb: 3\n",
            """
            a.yaml:2:2: error: ':' where ',' or ']' should stand [yaml-syntax]
              why: the list starts at a.yaml:1:4
            """
        ),
        (
            "a: {b: 1\n",
            """
            a.yaml:2:1: error: the end of the file where ',' or '}' should stand [yaml-syntax]
              why: the mapping starts at a.yaml:1:4
              fix: put the value in quotes if it is meant as a text
            """
        ),
        (
            "a:\n\tb: 1\n",
            """
            a.yaml:2:1: error: a tab character in the indentation [yaml-syntax]
              fix: indent with spaces
            """
        ),
        (
            "a: |\n\tb\n",
            """
            a.yaml:2:1: error: a tab character in the indentation [yaml-syntax]
              fix: indent with spaces
            """
        ),
        (
            "a: @b\n",
            """
            a.yaml:1:4: error: a value cannot start with '@' [yaml-syntax]
              fix: put the value in quotes
            """
        ),
        (
            "a: %b\n",
            """
            a.yaml:1:4: error: a value cannot start with '%' [yaml-syntax]
              fix: put the value in quotes
            """
        ),
        (
            "a: *.txt\n",
            """
            a.yaml:1:4: error: a name is missing after '*' or '&' [yaml-syntax]
              fix: put the value in quotes if the character belongs to it
            """
        ),
        (
            "a: \"\\d\"\n",
            """
            a.yaml:1:5: error: an unknown escape in a double-quoted text [yaml-syntax]
              fix: write '\\\\' for a backslash, or use single quotes
            """
        ),
        (
            "a: \"\\x1\"\n",
            """
            a.yaml:1:7: error: an escape without its hexadecimal digits [yaml-syntax]
              fix: write '\\\\' for a backslash, or use single quotes
            """
        ),
        (
            "a: \"\\ud800\"\n",
            """
            a.yaml:1:7: error: an escape that is no Unicode character [yaml-syntax]
              fix: write '\\\\' for a backslash, or use single quotes
            """
        ),
        (
            "a: - b\n",
            """
            a.yaml:1:4: error: a list entry ('- ') is not allowed here [yaml-syntax]
              fix: start the list on a line of its own, or put the value in quotes
            """
        ),
        (
            "- a\nb: 1\n",
            """
            a.yaml:2:1: error: 'b' where an entry of the list ('- ') should stand [yaml-syntax]
              why: the list starts at a.yaml:1:1
              fix: start the entry with '- ' under the others
            """
        ),
        (
            "a: ? b\n",
            """
            a.yaml:1:4: error: a key is not allowed here [yaml-syntax]
              fix: start the key on its own line with the indentation of its neighbours
            """
        ),
        (
            "a: [,]\n",
            """
            a.yaml:1:5: error: ',' where a value should stand [yaml-syntax]
              fix: write the value, or put it in quotes
            """
        ),
        (
            "a: !x!y z\n",
            """
            a.yaml:1:4: error: the tag that starts here has a handle that is not declared [yaml-syntax]
              fix: write a tag with one '!', or put the value in quotes
            """
        ),
        (
            "{a: 1}\nb\n",
            """
            a.yaml:2:1: error: 'b' after the end of the document [yaml-syntax]
              fix: indent the line so that it belongs to what stands above
            """
        ),
        (
            "a: b\u{7}\n",
            """
            a.yaml:1:5: error: the character U+0007 is not allowed in YAML [yaml-syntax]
              fix: remove it, or write it as an escape in double quotes
            """
        ),
    ]

    @Test(arguments: mistakes) func `syntax errors have a place and our words`(mistake: (text: String, message: String))
    {
        let (node, messages) = readYAML(mistake.text)
        #expect(node == nil)
        #expect(messages == [mistake.message])
    }
}
