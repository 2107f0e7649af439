import Diagnostics
import Rollouts
import SystemPackage
import TestSupport
import Testing

@Suite("Mappings of templates") struct TemplateMappingsTests {
    private static let values: TemplateMappings.Values = [
        "Images": ["eu-west-1": ["web": "ami-new1"], "us-east-1": ["web": "ami-new2"]]
    ]

    private func edited(_ text: String, _ file: String = "t.yaml", _ values: TemplateMappings.Values = values) throws
        -> (text: String, changes: [MappingChange])
    {
        var diagnostics = DiagnosticList()
        let read = TemplateMappings.read(Array(text.utf8), file: file, diagnostics: &diagnostics)
        try diagnostics.throwIfErrors()
        let (new, changes) = try #require(read).editing(values)
        return (String(decoding: new, as: UTF8.self), changes)
    }

    @Test func `values change where they stand, and every other byte stays`() throws {
        let text = """
            # Größe
            Mappings:
              Images:   # by region
                eu-west-1: { web: ami-old, other: ami-other }   # Ireland
                us-east-1:
                  other: 'x'
                  web: "ami-old"
              Sizes: {small: {value: 1}}
            Resources: {A: {Type: 'AWS::X', Properties: {I: !FindInMap [Images, !Ref 'AWS::Region', web]}}}

            """
        let (new, changes) = try edited(text)
        #expect(
            new
                == text.replacing("web: ami-old", with: "web: ami-new1").replacing("\"ami-old\"", with: "\"ami-new2\"")
        )
        #expect(changes.map(\.path) == [["Images", "eu-west-1", "web"], ["Images", "us-east-1", "web"]])
        #expect(changes.map(\.old) == ["ami-old", "ami-old"] && changes.map(\.new) == ["ami-new1", "ami-new2"])
        #expect(try edited(new).changes == [] && edited(new).text == new)
    }

    @Test(arguments: [
        // A region, as its neighbours are written.
        (
            "Mappings:\n  Images:\n    eu-west-1: {web: ami-old}  # a\n# b\nResources: {}\n",
            "Mappings:\n  Images:\n    eu-west-1: {web: ami-new1}  # a\n    us-east-1: { web: ami-new2 }\n# b\nResources: {}\n"
        ),
        (
            "Mappings:\n    Images:\n        eu-west-1:\n            other: ami-x\nResources: {}\n",
            "Mappings:\n    Images:\n        eu-west-1:\n            other: ami-x\n            web: ami-new1\n"
                + "        us-east-1:\n            web: ami-new2\nResources: {}\n"
        ),
        // A mapping, and all of them; without a last line end.
        (
            "Mappings:\n  Other:\n    a:\n      b: c\nResources: {}\n",
            "Mappings:\n  Other:\n    a:\n      b: c\n  Images:\n    eu-west-1:\n      web: ami-new1\n"
                + "    us-east-1:\n      web: ami-new2\nResources: {}\n"
        ),
        (
            "Resources:\n  A:\n    Type: x\n    List:\n      - 1\n      - a: |\n          text\n",
            "Resources:\n  A:\n    Type: x\n    List:\n      - 1\n      - a: |\n          text\n"
                + "Mappings:\n  Images:\n    eu-west-1:\n      web: ami-new1\n    us-east-1:\n      web: ami-new2\n"
        ),
        (
            "Resources: {}\r\nOutputs:",
            "Resources: {}\r\nOutputs:\r\nMappings:\r\n  Images:\r\n    eu-west-1:\r\n      web: ami-new1\r\n"
                + "    us-east-1:\r\n      web: ami-new2"
        ),
        (
            "Mappings: {}\nResources: {}\n",
            "Mappings: { Images: { eu-west-1: { web: ami-new1 }, us-east-1: { web: ami-new2 } } }\nResources: {}\n"
        ),
    ]) func `what a template in YAML lacks is added in its style`(text: String, wanted: String) throws {
        #expect(try edited(text).text == wanted)
    }

    @Test(arguments: [
        (
            "{\"Mappings\": {\"Images\": {\"eu-west-1\": {\"web\": \"ami-old\"}}}, \"Resources\": {}}",
            "{\"Mappings\": {\"Images\": {\"eu-west-1\": {\"web\": \"ami-new1\"}, \"us-east-1\": {\"web\": \"ami-new2\"}}}, "
                + "\"Resources\": {}}"
        ),
        (
            "{\n  \"Mappings\": {\n    \"Images\": {\n      \"eu-west-1\": {\n        \"old\": \"x\"\n      }\n    }\n  }\n}\n",
            "{\n  \"Mappings\": {\n    \"Images\": {\n      \"eu-west-1\": {\n        \"old\": \"x\",\n        \"web\": \"ami-new1\"\n"
                + "      },\n      \"us-east-1\": {\"web\": \"ami-new2\"}\n    }\n  }\n}\n"
        ),
        (
            "{\n  \"Resources\": {}\n}\n",
            "{\n  \"Resources\": {},\n  \"Mappings\": {\"Images\": {\"eu-west-1\": {\"web\": \"ami-new1\"}, "
                + "\"us-east-1\": {\"web\": \"ami-new2\"}}}\n}\n"
        ),
    ]) func `what a template in JSON lacks is added in its style`(text: String, wanted: String) throws {
        #expect(try edited(text, "t.json").text == wanted)
    }

    @Test(arguments: [
        ("Mappings: text\n", "t.yaml:1:11: error: 'Mappings' is a text, and not a mapping [mapping-shape]"),
        ("Mappings:\n", "'Mappings' is nothing, and not a mapping [mapping-shape]"),
        (
            "Mappings:\n  Images:\n    Fn::Transform: {Name: 'AWS::Include'}\n    eu-west-1: [a]\n",
            "t.yaml:4:16: error: 'Mappings.Images.eu-west-1' is a list, and not a mapping [mapping-shape]"
        ),
        (
            "Mappings:\n  Images: {eu-west-1: {web: [a]}}\n",
            "t.yaml:2:29: error: 'Mappings.Images.eu-west-1.web' is a list, and not a text [mapping-shape]"
        ),
        (
            "Mappings:\n  Images: {eu-west-1: {web: !Ref A}}\n",
            "'Mappings.Images.eu-west-1.web' is '!Ref', and not a text [mapping-shape]"
        ),
        (
            "Mappings:\n  Images: {eu-west-1: &a {web: ami-1}, us-east-1: *a}\n",
            "t.yaml:2:51: error: 'Mappings.Images.us-east-1' is shared with other parts of the template, which would change "
                + "with it [mapping-shape]\n  why: an alias stands for it\n  fix: write it out"
        ),
        (
            "Mappings:\n  Images: {eu-west-1: {web: &a ami-1}}\nA: *a\n",
            "[mapping-shape]\n  why: it has the anchor '&a'\n  fix: write it out"
        ),
    ]) func `what cannot be changed alone is refused`(text: String, message: String) throws {
        let error = #expect(throws: InvalidInput.self) { try edited(text) }
        let report = error?.diagnostics.map(\.description).joined(separator: "\n") ?? ""
        #expect(report.contains(message), "\(report)")
    }

    @Test(.enabled(if: hasTool("cfn-lint")), arguments: ["t.yaml", "t.json"])
    func `cfn-lint takes the template, and finds the AMI in it`(name: String) async throws {
        let folder = try TemporaryFolder()
        let values: TemplateMappings.Values = [
            "Images": [
                "eu-west-1": ["web": "ami-0123456789abcdef0"], "us-east-1": ["web": "ami-0123456789abcdef1"],
            ]
        ]
        let yaml = """
            Resources:
              Server:
                Type: AWS::EC2::Instance
                Properties:
                  ImageId: !FindInMap [Images, !Ref 'AWS::Region', web]

            """
        let json = """
            {"Resources": {"Server": {"Type": "AWS::EC2::Instance", "Properties": {
              "ImageId": {"Fn::FindInMap": ["Images", {"Ref": "AWS::Region"}, "web"]}
            }}}}
            """
        let text = try edited(name == "t.json" ? json : yaml, name, values).text
        let file = try folder.write(text, to: name)
        let regions = ["--regions", "eu-west-1", "us-east-1"]
        let right = try await runTool("cfn-lint", [file.string] + regions)
        #expect(right.status == 0, "\(right.text)\(right.error)")
        // The judge does judge: a name that no mapping may have.
        let wrong = try folder.write(text.replacing("eu-west-1", with: "eu_west_1"), to: "wrong-\(name)")
        #expect(try await runTool("cfn-lint", [wrong.string] + regions).status != 0)
    }
}
