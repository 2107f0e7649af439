import Diagnostics
import Testing
import YAML

@testable import Rollouts

@Suite("The functions of a template") struct TemplateFunctionsTests {
    private static let template = """
        Parameters:
          Name: { Type: String }
        Mappings:
          Sizes: { eu-west-1: { small: t3.micro } }
        Conditions:
          IsTest: !Equals [!Ref Name, web]
          IsNot: !Not [!Condition IsTest]
          Both: !And [!Condition IsTest, !Condition IsNot]
          Either: { Fn::Or: [{ Condition: IsTest }, { Condition: IsNot }] }
          Circle: !Condition Circle
        Resources:
          Group: { Type: "AWS::AutoScaling::AutoScalingGroup" }
        """

    private func functions(_ more: String = "") throws -> (TemplateFunctions, Node) {
        var diagnostics = DiagnosticList()
        let text = Array((Self.template + "\nValue: " + more + "\n").utf8)
        let root = try #require(Template.readDocument(text, file: "t.yaml", diagnostics: &diagnostics))
        #expect(diagnostics.all.isEmpty)
        let functions = TemplateFunctions(
            root,
            parameters: ["Name": "web", "List": "a,b"],
            stackName: "shop",
            region: "eu-west-1"
        )
        return (functions, try #require(root["Value"]))
    }

    @Test(
        arguments: [
            ("plain", "plain"),
            ("!Ref Name", "web"),
            ("{ Ref: Name }", "web"),
            ("!Ref AWS::StackName", "shop"),
            ("!Ref AWS::Region", "eu-west-1"),
            ("!Ref Group", "rehearsed-Group"),
            ("!GetAtt Group.Arn", "rehearsed-Group-Arn"),
            ("{ Fn::GetAtt: [Group, Arn.x] }", "rehearsed-Group-Arn.x"),
            ("!Base64 text", "dGV4dA=="),
            (
                "!Sub \"${Name}-${AWS::Region} ${!Kept} $x ${Group} ${Group.Arn}\"",
                "web-eu-west-1 ${Kept} $x rehearsed-Group rehearsed-Group-Arn"
            ),
            ("!Sub [\"${Own}/${Name}\", { Own: !Join [\"+\", [a, !Ref Name]] }]", "a+web/web"),
            ("!Join [\"\", [a, !Ref AWS::NoValue, b]]", "ab"),
            ("!Join [\"-\", !Ref List]", "a-b"),
            ("!Join [\"-\", !Split [\"|\", \"a|b|\"]]", "a-b-"),
            ("!Select [1, [a, b]]", "b"),
            ("!Select [0, !GetAZs \"\"]", "eu-west-1a"),
            ("!Select [\"0\", !Ref List]", "a"),
            ("!FindInMap [Sizes, !Ref AWS::Region, small]", "t3.micro"),
            ("!If [IsTest, yes, no]", "yes"),
            ("!If [IsNot, yes, no]", "no"),
            ("!If [Both, yes, no]", "no"),
            ("!If [Either, yes, no]", "yes"),
        ]
    )
    func `give what is known`(_ text: String, _ expected: String) throws {
        let (functions, node) = try functions(text)
        #expect(try functions.text(node) == expected)
    }

    @Test func `leave out what has no value`() throws {
        let (functions, node) = try functions("{ a: !Ref AWS::NoValue, b: [!If [IsNot, x, !Ref AWS::NoValue]], c: 1 }")
        #expect(try functions.value(node) == .mapping(["b": .list([]), "c": .text("1")]))
    }

    @Test(
        arguments: [
            ("!Ref Nam", "'Nam' is neither a parameter with a value nor a resource of the template"),
            ("!Sub \"${Nam}\"", "'Nam' is neither a parameter"),
            ("!Sub \"${Name\"", "a '${' in this text has no end"),
            ("!Sub [a]", "'Fn::Sub' takes a text, or a text and a mapping"),
            ("!GetAtt Name.Arn", "this is no attribute of a resource of the template"),
            ("!GetAtt Group", "this is no attribute"),
            ("!Join [a]", "a function takes a list of 2 here"),
            ("!Join [a, { b: c }]", "what stands here is no list"),
            ("!Join [a, [[b]]]", "an item of this list is no text"),
            ("!Split [\"\", a]", "nothing can be split at an empty text"),
            ("!Select [2, [a, b]]", "the list has 2 items, and this is the number of none"),
            ("!FindInMap [Sizes, x, small]", "the template's mappings have no 'Sizes' 'x' 'small'"),
            ("!If [None, a, b]", "the template has no condition 'None'"),
            ("!If [Circle, a, b]", "conditions are nested too deeply, or in a circle"),
            ("!ImportValue x", "what 'Fn::ImportValue' gives is not known here"),
            ("!Nothing x", "there is no function 'Fn::Nothing'"),
            ("!Ref [a]", "a list stands where a text has to"),
            ("[a]", "what stands here is no text"),
        ]
    )
    func `say what they cannot know, and where`(_ text: String, _ message: String) throws {
        let (functions, node) = try functions(text)
        let error = try #require(throws: InvalidInput.self) { try functions.text(node) }
        // A circle is told of where it is.
        #expect(error.description.contains(text.contains("Circle") ? "t.yaml:10:" : "t.yaml:13:"))
        #expect(error.description.contains("\(message)"))
        #expect(error.description.contains("[template-function]"))
    }

    @Test func `machines are found`() throws {
        let text = """
            Resources:
              A:
                Type: AWS::EC2::LaunchTemplate
                Properties: { LaunchTemplateData: { ImageId: !Ref Ami, UserData: x } }
              B: { Type: "AWS::AutoScaling::LaunchConfiguration", Properties: { ImageId: { Ref: Ami } } }
              C: { Type: "AWS::EC2::Instance", Properties: { ImageId: ami-1 } }
              D: { Type: "AWS::S3::Bucket" }
            """
        var diagnostics = DiagnosticList()
        let root = try #require(Template.readDocument(Array(text.utf8), file: "t.yaml", diagnostics: &diagnostics))
        let machines = TemplateMachine.all(in: root)
        #expect(machines.map(\.name) == ["A", "B", "C"])
        #expect(machines.map(\.imageParameter) == ["Ami", "Ami", nil])
        #expect(machines.map { $0.userData?.scalar?.text } == ["x", nil, nil])
    }

    @Test func `give what is known of resources`() throws {
        let (_, node) = try functions("!Sub \"${Group} ${Other}\"")
        var diagnostics = DiagnosticList()
        let text = Array((Self.template + "\n  Other: { Type: x }\n").utf8)
        let template = try #require(Template.readDocument(text, file: "t.yaml", diagnostics: &diagnostics))
        let functions = TemplateFunctions(
            template,
            parameters: [:],
            references: ["Group": "http://a"],
            stackName: "shop",
            region: "eu-west-1"
        )
        #expect(try functions.text(node) == "http://a rehearsed-Other")
    }

    @Test(
        arguments: [
            ("!Ref Name", ["Name"]), ("{ Ref: Name }", ["Name"]), ("!Ref [a]", []),
            ("!Sub \"${A} ${B.Arn} ${!C} ${AWS::Region} $D ${E\"", ["A", "AWS::Region", "B"]),
            ("!Sub [\"${A}\", { B: !Ref C }]", ["A", "C"]),
            ("!Join [\"\", [a, !Ref B, { Fn::Sub: \"${C}\" }]]", ["B", "C"]),
            ("!If [Condition, { a: !Ref B }, c]", ["B"]), ("text ${A}", []),
        ] as [(String, [String])]
    )
    func `name parameters and resources`(_ text: String, _ names: [String]) throws {
        let (_, node) = try functions(text)
        #expect(TemplateFunctions.names(in: node).sorted() == names)
    }
}
