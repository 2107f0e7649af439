import Diagnostics
import TestSupport
import SystemPackage
import Testing
import YAML

@Suite struct `Text edits` {
    @Test func `edits keep every other byte`() {
        let text = Array("0123456789".utf8)
        let edits = [
            TextEdit(range: 8..<8, replacement: "+"), TextEdit(range: 2..<4, replacement: "ab-"),
            TextEdit(range: 0..<0, replacement: "<"), TextEdit(range: 8..<8, replacement: "!"),
            TextEdit(range: 4..<5, replacement: ""),
        ]
        #expect(String(decoding: TextEdit.apply(edits, to: text), as: UTF8.self) == "<01ab-567+!89")
    }

    /// Old text, the new value of `k`, new text.
    static let golden: [(old: String, value: String, new: String)] = [
        ("k: old  # c\nl: 1\n", "new", "k: new  # c\nl: 1\n"),
        ("k: old\n", "0123", "k: \"0123\"\n"),
        ("k: old\n", "true", "k: \"true\"\n"),
        ("k: old\n", "null", "k: \"null\"\n"),
        ("k: old\n", "1.10", "k: \"1.10\"\n"),
        ("k: old\n", "2020-01-01", "k: \"2020-01-01\"\n"),
        ("k: old\n", "@x", "k: \"@x\"\n"),
        ("k: old\n", "a: b", "k: \"a: b\"\n"),
        ("k: old\n", "a #b", "k: \"a #b\"\n"),
        ("k: old\n", " a", "k: \" a\"\n"),
        ("k: old\n", "", "k: \"\"\n"),
        ("k: old\n", "é", "k: \"é\"\n"),
        ("k: old\n", "a\nb", "k: \"a\\nb\"\n"),
        ("k: old\n", "80", "k: \"80\"\n"),
        ("k: 80\n", "8080", "k: 8080\n"),
        ("k: 80\n", "08", "k: \"08\"\n"),
        ("k: old\n", "a/b:1.2@sha256:00", "k: a/b:1.2@sha256:00\n"),
        ("k: a\n   b\n", "c", "k: c\n"),
        ("k:\nl: 1\n", "v", "k: v\nl: 1\n"),
        ("k: \nl: 1\n", "v", "k: v \nl: 1\n"),
        ("k: 'it''s'\n", "it's", "k: 'it''s'\n"),
        ("k: 'x'\n", "0123", "k: '0123'\n"),
        ("k: 'x'\n", "a\tb", "k: \"a\\tb\"\n"),
        ("k: \"x\"\n", "q\"\\\u{2028}", "k: \"q\\\"\\\\\\u2028\"\n"),
        ("k: !x &a old\n", "new", "k: !x &a new\n"),
        ("{k: old, l: 1}\n", "a,b", "{k: \"a,b\", l: 1}\n"),
        ("k: |  # c\n  old\n\nl: 1\n", "new", "k: |-  # c\n  new\n\nl: 1\n"),
        ("k: |-\r\n    old\r\nl: 1\r\n", "a\nb\n", "k: |\r\n    a\r\n    b\r\nl: 1\r\n"),
        ("k: |\n  old\nl: 1\n", " a", "k: \" a\"\nl: 1\n"),
        ("k: | # c\n  old\n\nl: 1\n", "a\r", "k: \"a\\r\" # c\n\nl: 1\n"),
        ("k: >\n  old\n  text\nl: 1\n", "a\n\nb c\nd\n", "k: >\n  a\n\n\n  b c\n\n  d\nl: 1\n"),
        ("k: |", "v", "k: \"v\""),
        ("k: |\n  old", "v", "k: \"v\"\n"),
    ]

    @Test(arguments: golden) func `a value is replaced in its own style`(
        row: (old: String, value: String, new: String)
    ) throws {
        let text = Array(row.old.utf8)
        let node = try #require(readYAML(text).node?["k"])
        let context: YAMLScalar.Context = row.old.hasPrefix("{") ? .flow : .block
        let edit = YAMLScalar.replacing(node, with: row.value, in: text, context: context)
        let new = String(decoding: TextEdit.apply([edit], to: text), as: UTF8.self)
        #expect(new == row.new)
        #expect(readYAML(new).node?["k"]?.scalar?.text == row.value)
    }

    @Test func `an alias is replaced where it stands`() throws {
        let text = Array("a: &x 1\nk: *x # c\n".utf8)
        let node = try #require(readYAML(text).node?["k"])
        let edit = YAMLScalar.replacing(node, with: "v", in: text, context: .block)
        #expect(String(decoding: TextEdit.apply([edit], to: text), as: UTF8.self) == "a: &x 1\nk: v # c\n")
    }

    static let hosts: [(text: String, context: YAMLScalar.Context)] = [
        ("z: 0\nk: old # c\nl: m\n", .block), ("z: 0\nk: 'old' # c\nl: m\n", .block),
        ("z: 0\nk: \"old\" # c\nl: m\n", .block),
        ("z: 0\nk: | # c\n  old\n\n# d\nl: m\n", .block), ("z: 0\nk: >-\n   old\nl: m\n", .block),
        ("z: 0\nk: |+\n  old\n\n\nl: m\n", .block), ("{z: 0, k: old, l: m}\n", .flow),
        ("{z: 0, k: 'old', l: m}\n", .flow),
        ("z: 0\r\nk: |2-\r\n   old\r\nl: m\r\n", .block),
    ]

    @Test(arguments: hosts) func `random values are read back, and their neighbours stay`(
        host: (text: String, context: YAMLScalar.Context)
    ) throws {
        var generator = TextGenerator(seed: 1)
        let text = Array(host.text.utf8)
        let node = try #require(readYAML(text).node?["k"])
        for _ in 0..<2000 {
            let value = generator.text()
            let edit = YAMLScalar.replacing(node, with: value, in: text, context: host.context)
            let new = TextEdit.apply([edit], to: text)
            let (found, messages) = readYAML(new)
            try #require(messages == [], "\(value.debugDescription)")
            let meaning = found.map { Meaning($0) }
            try #require(meaning == .mapping(["z": .scalar("0"), "k": .scalar(value), "l": .scalar("m")]))
            try #require(found?["k"]?.scalar?.text.utf8.elementsEqual(value.utf8) == true)
        }
    }

    @Test func `random values are read back from JSON`() throws {
        var generator = TextGenerator(seed: 2)
        let text = Array("{\"z\": 0, \"k\": null}".utf8)
        let node = try #require(readJSON("{\"z\": 0, \"k\": null}").node?["k"])
        for _ in 0..<2000 {
            let value = generator.text()
            let new = TextEdit.apply([JSONScalar.replacing(node, with: value)], to: text)
            let found = readJSON(String(decoding: new, as: UTF8.self)).node?["k"]?.scalar
            try #require(found?.text.utf8.elementsEqual(value.utf8) == true && found?.style == .doubleQuoted)
        }
    }

    /// Each line of the program's input is one JSON list: a YAML text, and the value that it should have at `k`.
    @Test func `PyYAML and Python's JSON read the same values`() async throws {
        var generator = TextGenerator(seed: 3)
        var lines = ""
        for _ in 0..<300 {
            for host in Self.hosts {
                let value = generator.text()
                let text = Array(host.text.utf8)
                let node = try #require(readYAML(text).node?["k"])
                let edit = YAMLScalar.replacing(node, with: value, in: text, context: host.context)
                let new = String(decoding: TextEdit.apply([edit], to: text), as: UTF8.self)
                lines += "[\(JSONScalar.render(new)), \(JSONScalar.render(value))]\n"
            }
        }
        let folder = try TemporaryFolder()
        let program = """
            import json, sys, yaml
            count = 0
            for line in open(sys.argv[1], "rb").read().split(b"\\n"):
                if line:
                    text, value = json.loads(line)
                    found = yaml.safe_load(text)
                    assert found == {"z": 0, "k": value, "l": "m"}, (text, value, found)
                    count += 1
            print(count)
            """
        let output = try await requireTool("python3", ["-c", program, folder.write(lines, to: "lines").string])
        #expect(output == "2700\n")
    }
}

@Suite struct `Ambiguous plain scalars` {
    @Test(arguments: [
        "0123", "012345678901", "1.10", "1.0", ".5", "1_000", "1e3", "1E+3", "0x1f", "12:30", "yes", "Off",
    ])
    func `readers differ`(text: String) { #expect(YAMLScalar.ambiguity(ofPlain: text) != nil) }

    @Test func `a date`() { #expect(YAMLScalar.ambiguity(ofPlain: "2020-01-31") == "a date") }

    @Test(
        arguments: [
            "80", "-1", "0", "1.5", "true", "ami-0e1", "1.2.3", "10.0.0.0/8", "t3.micro", "", "x1e3", "e3", "10,20",
            "0.0.0-dev",
        ]
    )
    func `readers agree`(text: String) { #expect(YAMLScalar.ambiguity(ofPlain: text) == nil) }
}
