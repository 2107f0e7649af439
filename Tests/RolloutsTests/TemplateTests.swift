import Diagnostics
import Rollouts
import Testing

@Suite struct `Templates` {
    static let yaml = """
        AWSTemplateFormatVersion: 2010-09-09
        Parameters:
          Ami: { Type: 'AWS::EC2::Image::Id', Description: Das Image }
          Size:
            Type: String
            Default: t3.micro
            AllowedValues: [t3.micro, 't3.small']
            ConstraintDescription: a small one
          Port: { Type: Number, Default: 80, MinValue: 1, MaxValue: "65535" }
          Name: { Type: String, MinLength: 1, MaxLength: 8, AllowedPattern: '[a-z]+', NoEcho: true }
        Conditions:
          IsOne: !Equals [!Ref Size, !Select [0, !Split [",", "a,b"]]]
        Resources:
          Server:
            Type: AWS::EC2::Instance
            Properties:
              ImageId: !Ref Ami
              UserData:
                Fn::Base64: !Sub |
                  echo ${Name}
              Tags: !If [IsOne, [{Key: a, Value: !GetAtt X.Y}], !Ref AWS::NoValue]
        """

    static let json = """
        {
          "Parameters": {
            "Ami": {"Type": "AWS::EC2::Image::Id", "Description": "Das Image"},
            "Size": {
              "Type": "String",
              "Default": "t3.micro",
              "AllowedValues": ["t3.micro", "t3.small"],
              "ConstraintDescription": "a small one"
            },
            "Port": {"Type": "Number", "Default": 80, "MinValue": 1, "MaxValue": "65535"},
            "Name": {
              "Type": "String", "MinLength": 1, "MaxLength": 8, "AllowedPattern": "[a-z]+", "NoEcho": "true"
            }
          },
          "Resources": {"Server": {"Properties": {"ImageId": {"Ref": "Ami"}}}}
        }
        """

    @Test(arguments: [(yaml, "t.yaml"), (yaml, "t.template"), (json, "t.json"), (json, "t.template"), (json, "t.yml")])
    func `YAML and JSON say the same`(text: String, file: String) throws {
        let template = try templateOf(text, file)
        #expect(template.parameters.map(\.name) == ["Ami", "Size", "Port", "Name"])
        #expect(
            template.parameters.map(\.type.value.description) == ["AWS::EC2::Image::Id", "String", "Number", "String"]
        )
        #expect(template["Ami"]?.description == "Das Image")
        #expect(template["Ami"]?.defaultValue == nil)
        #expect(template["Size"]?.defaultValue?.value == "t3.micro")
        #expect(template["Size"]?.allowedValues?.value == ["t3.micro", "t3.small"])
        #expect(template["Size"]?.constraintDescription == "a small one")
        #expect(template["Port"]?.defaultValue?.value == "80")
        #expect(template["Port"]?.minValue?.value == 1)
        #expect(template["Port"]?.maxValue?.value == 65535)
        #expect(template["Name"]?.minLength?.value == 1)
        #expect(template["Name"]?.maxLength?.value == 8)
        #expect(template["Name"]?.allowedPattern?.value == "[a-z]+")
        #expect(template.parameters.map(\.isNoEcho) == [false, false, false, true])
    }

    @Test func `every part has its place`() throws {
        let size = try #require(try templateOf(Self.yaml)["Size"])
        #expect(size.place == SourcePlace(file: "t.yaml", line: 4, column: 3))
        #expect(size.type.place == SourcePlace(file: "t.yaml", line: 5, column: 11))
        #expect(size.defaultValue?.place.line == 6)
        #expect(size.allowedValues?.place == SourcePlace(file: "t.yaml", line: 7, column: 20))
    }

    @Test func `a template may have no parameters`() throws {
        #expect(try templateOf("Resources: {}\n").parameters.isEmpty)
        #expect(try templateOf("Resources: {}\nParameters:\n").parameters.isEmpty)
    }

    static let types = [
        "String", "CommaDelimitedList", "List<Number>", "List<AWS::EC2::Subnet::Id>", "AWS::EC2::KeyPair::KeyName",
        "AWS::SSM::Parameter::Name", "AWS::SSM::Parameter::Value<String>",
        "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
        "AWS::SSM::Parameter::Value<List<String>>", "AWS::SSM::Parameter::Value<CommaDelimitedList>",
    ]

    @Test(arguments: types) func `types of CloudFormation`(type: String) {
        #expect(ParameterType(type)?.description == type)
    }

    @Test(arguments: ["string", "List<Text>", "List<List<String>>", "AWS::SSM::Parameter::Value<Number>", "Int", ""])
    func `no types of CloudFormation`(type: String) { #expect(ParameterType(type) == nil) }

    static let rows: [(text: String, message: String)] = [
        ("- a\n", "t.yaml:1:1: error: a list is no CloudFormation template [template-shape]"),
        (
            "Web: a\n",
            """
            t.yaml:1:1: error: the file is no CloudFormation template [template-shape]
              why: it has neither 'Resources' nor 'Parameters'
            """
        ),
        ("Parameters: [a]\n", "t.yaml:1:13: error: 'Parameters' is a list, not a mapping of names [template-shape]"),
        (
            "Parameters:\n  A: String\n",
            "t.yaml:2:6: error: the parameter 'A' is a text, not a mapping with 'Type' [template-shape]"
        ),
        (
            "Parameters:\n  A: {Default: b}\n",
            """
            t.yaml:2:3: error: the parameter 'A' has no 'Type' [template-parameter-type]
              fix: write 'Type: String', or the type that it has
            """
        ),
        (
            "Parameters:\n  A: {Type: string}\n",
            """
            t.yaml:2:13: error: the parameter 'A' has the unknown type 'string' [template-parameter-type]
              fix: write 'String'
            """
        ),
        (
            "Parameters:\n  my-ami: {Type: String}\n",
            """
            t.yaml:2:3: error: the parameter's name 'my-ami' is not allowed [template-parameter-name]
              why: a name has 1 to 255 letters and digits, and nothing else
            """
        ),
        (
            "Parameters:\n  A: {Type: String, Defaults: b, Xyzzy: c}\n",
            """
            t.yaml:2:21: error: the parameter 'A' has the unknown key 'Defaults' [template-key]
              fix: write 'Default'
            t.yaml:2:34: error: the parameter 'A' has the unknown key 'Xyzzy' [template-key]
              fix: remove it
            """
        ),
        (
            "Parameters:\n  A: {Type: String, Default: !Ref B, AllowedValues: x, MinLength: -1, NoEcho: maybe}\n",
            """
            t.yaml:2:35: error: 'Default' has the tag '!Ref' [template-shape]
              why: a template's parameters take no functions
            t.yaml:2:53: error: 'AllowedValues' is a text, not a list [template-shape]
            t.yaml:2:67: error: 'MinLength' is '-1', not a whole number [template-shape]
            t.yaml:2:79: error: 'NoEcho' is 'maybe', not true or false [template-shape]
            """
        ),
        (
            "Parameters:\n  A: {Type: Number, Default: [1], MaxValue: much}\n",
            """
            t.yaml:2:30: error: 'Default' is a list, not a text [template-shape]
            t.yaml:2:45: error: 'MaxValue' is 'much', not a number [template-shape]
            """
        ),
        (
            "Parameters:\n  A: {Type: String\n",
            "t.yaml:3:1: error: the end of the file where ',' or '}' should stand [yaml-syntax]\n"
                + "  why: the mapping starts at t.yaml:2:6\n  fix: put the value in quotes if it is meant as a text"
        ),
    ]

    @Test(arguments: rows) func `mistakes have their places`(row: (text: String, message: String)) {
        #expect(templateMistakes(row.text) == row.message)
    }

    @Test func `at most 200 parameters`() {
        let lines = (0...200).map { "  P\($0): {Type: String}\n" }.joined()
        #expect(
            templateMistakes("Parameters:\n" + lines) == """
                t.yaml:202:3: error: the template has 201 parameters, more than CloudFormation's limit of 200 \
                [too-many-parameters]
                """
        )
    }
}
