import Diagnostics
import Rollouts
import TestSupport
import SystemPackage
import Testing

/// Python's JSON, PyYAML and cfn-lint read what we have edited.
@Suite struct `Judges of parameter files` {
    private static let values = [
        "Web": "r/web:1.10", "Account": "012345678901", "Flag": "true", "Text": "a: \"b\" # ü\nnext\\", "Empty": "",
    ]

    private static let program = """
        import json, sys, yaml
        path = sys.argv[1]
        want = {entry["ParameterKey"]: entry["ParameterValue"] for entry in json.load(open(sys.argv[2]))}
        text = open(path, "rb").read().decode("utf-8-sig")
        found = yaml.safe_load(text) if path.endswith(".yaml") else json.loads(text)
        if isinstance(found, list):
            found = {entry["ParameterKey"]: entry["ParameterValue"] for entry in found}
        found = found.get("Parameters", found)
        print("same" if {key: found.get(key) for key in want} == want else (found, want))
        """

    @Test(
        arguments: `Editing parameter files`.additions.map { ($0.file, $0.old) }.filter { !$1.contains("UsePrevious") }
            + [("p.json", "[\n\t{\"ParameterKey\": \"Web\", \"ParameterValue\": \"\\u00e9\"}\n]")]
            + [("p.yaml", "Web: 1\nFlag: 'x'\nText: \"y\"\nAccount: >\n  z\nEmpty: w\n")]
    ) func `other readers find the same values`(file: String, text: String) async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(edited(text, file, Self.values), to: file == "p.yml" ? "p.yaml" : file)
        let want = try folder.write(ParameterFile.missing(file: "w.json").editing(Self.values).text, to: "want.json")
        let output = try await requireTool("python3", ["-c", Self.program, path.string, want.string])
        #expect(output == "same\n")
    }

    @Test(.enabled(if: hasTool("cfn-lint"))) func `cfn-lint takes the CLI list`() async throws {
        let folder = try TemporaryFolder()
        let template = try folder.write(
            """
            Parameters:
              Ami: {Type: 'AWS::EC2::Image::Id'}
              Size: {Type: String, AllowedValues: [t3.micro, t3.small]}
            Resources:
              Server:
                Type: AWS::EC2::Instance
                Properties: {ImageId: !Ref Ami, InstanceType: !Ref Size}

            """,
            to: "t.yaml"
        )
        let edit = try parameterFile("[{\"ParameterKey\":\"Size\",\"ParameterValue\":\"t3.small\"}]", "p.json")
            .editing(["Ami": "ami-0123456789abcdef0"])
        let file = try folder.write(edit.text, to: "p.json")
        let right = try await runTool("cfn-lint", [template.string, "--parameter-files", file.string])
        #expect(right.status == 0, "\(right.text)\(right.error)")
        // The judge does judge: the same file with a wrong value is refused, by it and by us.
        let wrong = try parameterFile(String(decoding: edit.text, as: UTF8.self), "p.json").editing(["Size": "m5.large"]
        )
        let wrongFile = try folder.write(wrong.text, to: "wrong.json")
        #expect(try await runTool("cfn-lint", [template.string, "--parameter-files", wrongFile.string]).status != 0)
    }
}
