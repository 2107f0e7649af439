import Diagnostics
import Rollouts
import Testing

@Suite struct `Editing parameter files` {
    @Test func `CLI list, oddly written: only the values change`() throws {
        let text = """
            [
            \t{ "ParameterValue" : "alt",   "ParameterKey":"Web" },

                {"ParameterKey": "Note", "ParameterValue": "Web Ami schön \\u00e9 \\"Web\\""},
              {"ParameterKey":"Ami",
               "ParameterValue":"ami-00000000" }
              ,{"ParameterKey": "Keep", "UsePreviousValue": true}
            ]
            """
        let (new, changes) = try parameterFile(text, "p.json").editing([
            "Web": "r/ü:2", "Ami": "ami-11111111", "Note": "Web Ami schön é \"Web\"",
        ])
        #expect(
            String(decoding: new, as: UTF8.self) == """
                [
                \t{ "ParameterValue" : "r/ü:2",   "ParameterKey":"Web" },

                    {"ParameterKey": "Note", "ParameterValue": "Web Ami schön \\u00e9 \\"Web\\""},
                  {"ParameterKey":"Ami",
                   "ParameterValue":"ami-11111111" }
                  ,{"ParameterKey": "Keep", "UsePreviousValue": true}
                ]
                """
        )
        #expect(
            changes == [
                ParameterChange(
                    name: "Web",
                    old: "alt",
                    new: "r/ü:2",
                    place: SourcePlace(file: "p.json", line: 2, column: 23)
                ),
                ParameterChange(
                    name: "Ami",
                    old: "ami-00000000",
                    new: "ami-11111111",
                    place: SourcePlace(file: "p.json", line: 6, column: 21)
                ),
            ]
        )
    }

    @Test func `CLI list: a previous value becomes a value`() throws {
        let text = "[{\"ParameterKey\": \"K\",  \"UsePreviousValue\" :true }]\r\n"
        let (new, changes) = try parameterFile(text, "p.json").editing(["K": "v"])
        #expect(
            String(decoding: new, as: UTF8.self) == "[{\"ParameterKey\": \"K\",  \"ParameterValue\" :\"v\" }]\r\n"
        )
        #expect(changes.map(\.old) == [nil])
        #expect(changes.map(\.new) == ["v"])
    }

    @Test func `template configuration: the same key elsewhere stays`() throws {
        let text =
            "\u{FEFF}{\r\n\t\"Tags\": {\"Web\": \"a\"},\r\n\t\"Parameters\": {\r\n\t\t\"Web\" : \"a\",\r\n"
            + "\t\t\"Other\": \"Web\"\r\n\t},\r\n\t\"StackPolicy\": {\"Statement\": [{\"Web\": \"a\"}]}\r\n}"
        #expect(
            try edited(text, "p.json", ["Web": "b", "New": "n", "Also": "m"])
                == text.replacing("\"Web\" : \"a\"", with: "\"Web\" : \"b\"")
                .replacing(
                    "\"Other\": \"Web\"",
                    with: "\"Other\": \"Web\",\r\n\t\t\"Also\": \"m\",\r\n\t\t\"New\": \"n\""
                )
        )
    }

    @Test func `flat YAML: comments, quotes and order stay`() throws {
        let text = """
            # Web: параметры — schön
            Web:   'alt'   # Web: alt
            "Ami" : ami-00000000# no comment
            Port: 80
            Note: "Web: alt"

            List: [a, b]
            Empty:
            Long: |  # why
              Web: alt

            # end
            """
        #expect(
            try edited(
                text,
                "p.yaml",
                [
                    "Web": "neu", "Ami": "ami-11111111", "Port": "8080", "List": "a,b", "Empty": "1.10",
                    "Long": "x\ny\n", "Note": "Web: alt",
                ]
            ) == """
                # Web: параметры — schön
                Web:   'neu'   # Web: alt
                "Ami" : ami-11111111
                Port: 8080
                Note: "Web: alt"

                List: [a, b]
                Empty: "1.10"
                Long: |  # why
                  x
                  y

                # end
                """
        )
    }

    static let additions: [(file: String, old: String, new: String)] = [
        ("p.json", "[]", "[\n  {\"ParameterKey\": \"Nu\", \"ParameterValue\": \"v\"}\n]"),
        (
            "p.json", "[{\"ParameterKey\":\"K\",\"ParameterValue\":\"w\"}]",
            "[{\"ParameterKey\":\"K\",\"ParameterValue\":\"w\"},{\"ParameterKey\":\"Nu\",\"ParameterValue\":\"v\"}]"
        ),
        (
            "p.json", "[{\"ParameterKey\": \"K\", \"ParameterValue\": \"w\"}]\n",
            "[{\"ParameterKey\": \"K\", \"ParameterValue\": \"w\"}, "
                + "{\"ParameterKey\": \"Nu\", \"ParameterValue\": \"v\"}]\n"
        ),
        (
            "p.json",
            "[\r\n    {\r\n\t\"ParameterKey\": \"K\",\r\n\t\"ParameterValue\": \"w\"\r\n    }\r\n]\r\n",
            "[\r\n    {\r\n\t\"ParameterKey\": \"K\",\r\n\t\"ParameterValue\": \"w\"\r\n    },"
                + "\r\n    {\r\n\t\"ParameterKey\": \"Nu\",\r\n\t\"ParameterValue\": \"v\"\r\n    }\r\n]\r\n"
        ),
        (
            "p.json",
            "[\n  {\"ParameterKey\": \"J\", \"ParameterValue\": \"w\"}\n "
                + ", {\"ParameterKey\": \"K\", \"UsePreviousValue\": true}\n]",
            "[\n  {\"ParameterKey\": \"J\", \"ParameterValue\": \"w\"}\n "
                + ", {\"ParameterKey\": \"K\", \"UsePreviousValue\": true}"
                + "\n , {\"ParameterKey\": \"Nu\", \"ParameterValue\": \"v\"}\n]"
        ),
        (
            "p.json",
            "[{\"ParameterKey\": \"K\", \"ParameterValue\": \"w\", \"UsePreviousValue\": false}]",
            "[{\"ParameterKey\": \"K\", \"ParameterValue\": \"w\", \"UsePreviousValue\": false}, "
                + "{\"ParameterKey\": \"Nu\", \"ParameterValue\": \"v\"}]"
        ),
        ("p.json", "{}", "{\n  \"Parameters\": {\n    \"Nu\": \"v\"\n  }\n}"),
        ("p.json", "{\"Parameters\":{\"K\":\"w\"}}", "{\"Parameters\":{\"K\":\"w\",\"Nu\":\"v\"}}"),
        (
            "p.json", "{\n    \"Parameters\": {},\n    \"Tags\": {}\n}\n",
            "{\n    \"Parameters\": {\n        \"Nu\": \"v\"\n    },\n    \"Tags\": {}\n}\n"
        ),
        (
            "p.json", "{\n  \"Tags\": {\"K\": \"w\"}\n}\n",
            "{\n  \"Tags\": {\"K\": \"w\"},\n  \"Parameters\": {\n    \"Nu\": \"v\"\n  }\n}\n"
        ),
        ("p.yaml", "", "Nu: v\n"),
        ("p.yaml", "# nothing yet", "# nothing yet\nNu: v\n"),
        ("p.yaml", "K: w", "K: w\nNu: v"),
        ("p.yml", "K: w  # c\r\n# end\r\n", "K: w  # c\r\nNu: v\r\n# end\r\n"),
        ("p.yaml", "  K: \"w\"\n", "  K: \"w\"\n  Nu: \"v\"\n"),
        ("p.yaml", "K :  'w'\n\n", "K :  'w'\nNu :  'v'\n\n"),
        ("p.yaml", "Key:  w\nKeyOf: w\nK:    w\n", "Key:  w\nKeyOf: w\nK:    w\nNu: v\n"),
        ("p.yaml", "Key:    w\nLonger: w\n", "Key:    w\nLonger: w\nNu:     v\n"),
        ("p.yaml", "K: |\n  w\n\nL: |\n  x\n\n# end\n", "K: |\n  w\n\nL: |\n  x\n\nNu: \"v\"\n# end\n"),
        ("p.yaml", "K:\n  - a\n  - b # c\n", "K:\n  - a\n  - b # c\nNu: v\n"),
        ("p.yaml", "---\nK: w\n...\n", "---\nK: w\nNu: v\n...\n"),
        ("p.yaml", "{}\n", "{Nu: v}\n"),
        ("p.yaml", "{K: w,\n L: w}\n", "{K: w,\n L: w,\n Nu: v}\n"),
        ("p.yaml", "{K: w, # c\n L: w}\n", "{K: w, # c\n L: w,\n Nu: v}\n"),
        ("p.yaml", "K: &a w\nL: *a\n", "K: &a w\nL: *a\nNu: v\n"),
        ("p.yaml", "K:\n", "K:\nNu: v\n"),
    ]

    @Test(arguments: additions) func `a new parameter takes the style of its neighbours`(
        row: (file: String, old: String, new: String)
    ) throws {
        #expect(try edited(row.old, row.file, ["Nu": "v"]) == row.new)
        let (_, changes) = try parameterFile(row.old, row.file).editing(["Nu": "v"])
        #expect(changes.map(\.name) == ["Nu"] && changes.map(\.old) == [nil])
        let again = try parameterFile(row.new, row.file).editing(["Nu": "v"])
        #expect(again.changes.isEmpty && String(decoding: again.text, as: UTF8.self) == row.new)
    }

    @Test func `a missing file is written whole`() throws {
        let values = ["B": "1.10", "A": "x\"ü"]
        let json = try ParameterFile.missing(file: "p.json").editing(values)
        #expect(
            String(decoding: json.text, as: UTF8.self) == """
                [
                  {"ParameterKey": "A", "ParameterValue": "x\\"ü"},
                  {"ParameterKey": "B", "ParameterValue": "1.10"}
                ]

                """
        )
        #expect(json.changes.map(\.place.line) == [2, 3])
        let yaml = try ParameterFile.missing(file: "p.yaml").editing(values)
        #expect(String(decoding: yaml.text, as: UTF8.self) == "A: \"x\\\"ü\"\nB: \"1.10\"\n")
        #expect(try String(decoding: ParameterFile.missing(file: "p.json").editing([:]).text, as: UTF8.self) == "[]\n")
    }

    @Test func `a name that YAML takes for a boolean is quoted`() throws {
        #expect(try edited("K: w\n", "p.yaml", ["N": "v"]) == "K: w\n\"N\": v\n")
    }

    @Test func `nothing to change is the same bytes`() throws {
        for (file, old, _) in Self.additions {
            let result = try parameterFile(old, file).editing([:])
            #expect(result.text == Array(old.utf8) && result.changes.isEmpty)
        }
    }

    @Test func `another spelling of the same character is a change`() throws {
        #expect(try edited("K: \"\u{E9}\"\n", "p.yaml", ["K": "e\u{301}"]) == "K: \"e\u{301}\"\n")
    }

    @Test func `an alias is replaced, its anchor is not`() throws {
        #expect(try edited("A: &x 1\nB: *x # c\n", "p.yaml", ["B": "v"]) == "A: &x 1\nB: v # c\n")
        #expect(try edited("A: &x 1\nB: 2\n", "p.yaml", ["A": "v"]) == "A: &x v\nB: 2\n")
    }

    @Test func `edits that would change more than the value are refused`() throws {
        #expect(
            try refusal("A: &x 1\nB: *x\n", "p.yaml", ["A": "v"]) == """
                p.yaml:1:7: error: the value of 'A' has the anchor '&x', so that other values would change with it \
                [parameter-is-anchored]
                  why: it is used at p.yaml:2:4
                  fix: write the value out there
                """
        )
        #expect(
            try refusal("A:\n- x\n- w\n", "p.yaml", ["A": "x,z"]) == """
                p.yaml:2:1: error: the value of 'A' is a list, which is not edited [parameter-is-list]
                  fix: write it as one text, its entries joined by commas
                """
        )
        #expect(
            try refusal("A: |\n  w", "p.yaml", ["N": "v"]) == """
                p.yaml:1:1: error: the values cannot be changed without changing others [parameter-file-not-editable]
                  fix: write one parameter a line, and the last one with a line end
                """
        )
    }
}
