import Diagnostics
import Rollouts
import Testing

@Suite struct `Reading parameter files` {
    @Test func `values of flat YAML are texts`() throws {
        let file = try parameterFile(
            "A: 80\nB: true\nC: [x, 'y z', 3]\nD:\nE: ~\nF: !!str 0123\nG: '1.10'\nH: >-\n  a\n  b\n",
            "dir.d/P.YAML"
        )
        #expect(file.dialect == .flatYAML)
        #expect(file.entries.map(\.name) == ["A", "B", "C", "D", "E", "F", "G", "H"])
        #expect(file.entries.map(\.value) == ["80", "true", "x,y z,3", "", "", "0123", "1.10", "a b"])
    }

    @Test func `the dialects of JSON are told apart`() throws {
        #expect(try parameterFile("[]", "p.json").dialect == .commandLineList)
        #expect(try parameterFile("{\"Tags\": {}}", "p.json").dialect == .templateConfiguration)
        let list = try parameterFile("[{\"ParameterKey\": \"K\", \"UsePreviousValue\": true}]", "p.json")
        #expect(list.entries.map(\.value) == [nil])
        #expect(list["K"]?.valuePlace.column == 44)
    }

    static let rows: [(file: String, text: String, message: String)] = [
        (
            "p.txt", "A: b",
            """
            p.txt:1:1: error: the parameter file 'p.txt' has no extension that says what it is \
            [parameter-file-extension]
              fix: name it '.json' (CLI list or CodePipeline template configuration) or '.yaml' (flat 'Name: value')
            """
        ),
        (
            "p.json", "\"x\"",
            """
            p.json:1:1: error: a text is no parameter file [parameter-file-shape]
              fix: write '[{"ParameterKey": "Name", "ParameterValue": "value"}]'
            """
        ),
        (
            "p.yaml", "- A=b\n",
            """
            p.yaml:1:1: error: a list is no parameter file [parameter-file-shape]
              fix: write one 'Name: value' a line
            """
        ),
        (
            "p.json", "{\"K\": \"v\"}",
            """
            p.json:1:1: error: an object without 'Parameters' is no parameter file [parameter-file-shape]
              why: a JSON file is a list of 'ParameterKey' and 'ParameterValue', or an object with 'Parameters'
              fix: put the values below "Parameters"
            """
        ),
        (
            "p.json", "{\"Parameters\": []}",
            """
            p.json:1:16: error: 'Parameters' is a list [parameter-file-shape]
              fix: write '{"Name": "value"}'
            """
        ),
        (
            "p.json", "{\"Parameters\": {}, \"Tag\": {}}",
            """
            p.json:1:20: error: unknown key 'Tag' [parameter-file-key]
              why: known here: 'Parameters', 'Tags', 'StackPolicy'
              fix: write 'Tags'
            """
        ),
        (
            "p.json", "{\"Parameters\": {\"A\": 1, \"B\": null, \"C\": [\"x\"]}}",
            """
            p.json:1:22: error: the value of 'A' is '1', not a text in quotes [parameter-value-shape]
              fix: write "1"
            p.json:1:30: error: the value of 'B' is 'null', not a text in quotes [parameter-value-shape]
              fix: write a text
            p.json:1:41: error: the value of 'C' is a list, not a text in quotes [parameter-value-shape]
            """
        ),
        (
            "p.json", "{\"Parameters\": {\"A\": \"1\", \"A\": \"2\"}}",
            """
            p.json:1:27: error: the key 'A' is given twice [duplicate-key]
              why: the first is at p.json:1:17
              fix: remove one of the two
            """
        ),
        (
            "p.json",
            """
            [
              "A=b",
              {"ParameterValue": "v"},
              {"ParameterKey": "A"},
              {"ParameterKey": "B", "ParameterValue": "v", "UsePreviousValue": true},
              {"ParameterKey": "C", "UsePreviousValue": "true"},
              {"ParameterKey": "D", "ParameterValu": "v"},
              {"ParameterKey": "E", "ParameterValue": "v"},
              {"ParameterKey": "E", "ParameterValue": "v"},
              {"ParameterKey": 1, "ParameterValue": "v"}
            ]
            """,
            """
            p.json:2:3: error: a text where an object with 'ParameterKey' should stand [parameter-file-shape]
              fix: write '{"ParameterKey": "Name", "ParameterValue": "value"}'
            p.json:3:3: error: an entry without 'ParameterKey' [parameter-file-shape]
              fix: write the parameter's name as "ParameterKey"
            p.json:4:3: error: the parameter 'A' has no 'ParameterValue' [parameter-file-shape]
              fix: write a value, or remove the entry
            p.json:5:25: error: the parameter 'B' has a value and asks for the previous one [parameter-file-shape]
              fix: remove 'ParameterValue' or 'UsePreviousValue'
            p.json:6:45: error: 'UsePreviousValue' is neither true nor false [parameter-file-shape]
            p.json:7:3: error: the parameter 'D' has no 'ParameterValue' [parameter-file-shape]
              fix: write a value, or remove the entry
            p.json:7:25: error: unknown key 'ParameterValu' [parameter-file-key]
              why: known here: 'ParameterKey', 'ParameterValue', 'UsePreviousValue', 'ResolvedValue'
              fix: write 'ParameterValue'
            p.json:9:20: error: the parameter 'E' is given twice [duplicate-parameter]
              why: the first is at p.json:8:20
              fix: remove one of the two
            p.json:10:20: error: the value of 'ParameterKey' is '1', not a text in quotes [parameter-value-shape]
              fix: write "1"
            """
        ),
        (
            "p.yaml", "Parameters:\n  A: b\nB: !Ref C\nD: [{x: y}]\n",
            """
            p.yaml:2:3: error: the value of 'Parameters' is a mapping [parameter-value-shape]
              why: a YAML parameter file is flat: one 'Name: value' a line
              fix: remove 'Parameters:' and the indentation below it
            p.yaml:3:9: error: the value of 'B' has the tag '!Ref' [parameter-value-shape]
              fix: write the value as a text
            p.yaml:4:4: error: the value of 'D' is a list that holds more than texts [parameter-value-shape]
            """
        ),
        (
            "p.yaml", "A: 1\nA: 2\n",
            """
            p.yaml:2:1: error: the key 'A' is given twice [duplicate-key]
              why: the first is at p.yaml:1:1
              fix: remove one of the two
            """
        ),
        ("p.json", "[", "p.json:1:2: error: the end of the file where a value should stand [json-syntax]"),
    ]

    @Test(arguments: rows) func `mistakes are all named with their places`(
        row: (file: String, text: String, message: String)
    ) {
        let (isRefused, messages) = mistakes(row.text, row.file)
        #expect(isRefused)
        #expect(messages == row.message)
    }

    @Test func `what readers disagree about is a warning`() {
        let (isRefused, messages) = mistakes("Account: 012345678901\nVersions: [1.10, x]\nFine: 1.5\n", "p.yaml")
        #expect(!isRefused)
        #expect(
            messages == """
                p.yaml:1:10: warning: some readers take '012345678901', the value of 'Account', for a number \
                [parameter-value-ambiguous]
                  fix: put it in quotes
                p.yaml:2:12: warning: some readers take '1.10', the value of 'Versions', for a number \
                [parameter-value-ambiguous]
                  fix: put it in quotes
                """
        )
    }

    @Test func `a missing file needs an extension too`() throws {
        let refused = try #require(throws: InvalidInput.self) { _ = try ParameterFile.missing(file: "p") }
        #expect(refused.description.contains("p:1:1: error: the parameter file 'p' has no extension"))
    }
}
