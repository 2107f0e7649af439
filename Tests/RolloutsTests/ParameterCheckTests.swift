import Diagnostics
import Rollouts
import Testing

@Suite struct `Values against a template` {
    private func check(_ values: String, _ parameters: String) throws -> String {
        let template = try templateOf("Parameters:\n" + parameters)
        let file = try parameterFile(values, "p.yaml")
        return ParameterCheck.check(file, against: template).map(\.description).joined(separator: "\n")
    }

    @Test func `right values are silent`() throws {
        #expect(
            try check(
                """
                Ami: ami-0123456789abcdef0
                Old: ami-01234567
                Subnets: "subnet-01234567, subnet-89abcdef"
                Size: t3.small
                Port: 8080
                Ports: "80, 443"
                Ratio: 1.5
                Name: web
                Words: "ab,cd"
                Path: /aws/service/ami:3
                Image: /aws/service/ami
                """,
                """
                  Ami: {Type: 'AWS::EC2::Image::Id'}
                  Old: {Type: 'AWS::EC2::Image::Id'}
                  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
                  Size: {Type: String, AllowedValues: [t3.micro, t3.small]}
                  Port: {Type: Number, MinValue: 1, MaxValue: 65535, AllowedValues: [80, 8080.0]}
                  Ports: {Type: List<Number>, MaxValue: 65535}
                  Ratio: {Type: Number}
                  Name: {Type: String, MinLength: 3, MaxLength: 3, AllowedPattern: '^[a-z]+$'}
                  Words: {Type: CommaDelimitedList, AllowedPattern: '[a-z]{2}', AllowedValues: [ab, cd]}
                  Path: {Type: 'AWS::SSM::Parameter::Name'}
                  Image: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>'}
                  Other: {Type: String, Default: ''}

                """
            ) == ""
        )
    }

    static let rows: [(values: String, parameters: String, message: String)] = [
        (
            "WebContainr: a\n", "  WebContainer: {Type: String, Default: x}\n",
            """
            p.yaml:1:1: error: the template has no parameter 'WebContainr' [unknown-parameter]
              why: the template is 't.yaml'
              fix: write 'WebContainer' (declared at t.yaml:2:3), or remove the entry
            """
        ),
        (
            "Xyzzy: a\n", "  WebContainer: {Type: String, Default: x}\n",
            """
            p.yaml:1:1: error: the template has no parameter 'Xyzzy' [unknown-parameter]
              why: the template is 't.yaml'
              fix: remove the entry
            """
        ),
        (
            "# c\nA: a\n", "  A: {Type: String}\n  B: {Type: String}\n",
            """
            p.yaml:2:1: error: the parameter 'B' has no value [missing-parameter]
              why: t.yaml:3:3 declares it without 'Default'
              fix: add it to the file
            """
        ),
        (
            "A: ami-xyz\n", "  A: {Type: 'AWS::EC2::Image::Id', ConstraintDescription: an AMI of eu-west-1}\n",
            """
            p.yaml:1:4: error: 'ami-xyz', the value of 'A', is no 'ami-' and 8 or 17 hexadecimal digits [parameter-type]
              why: t.yaml:2:13 declares the type 'AWS::EC2::Image::Id': an AMI of eu-west-1
            """
        ),
        (
            "A: \"0x10\"\n", "  A: {Type: Number}\n",
            """
            p.yaml:1:4: error: '0x10', the value of 'A', is not a number [parameter-type]
              why: t.yaml:2:13 declares the type 'Number'
            """
        ),
        (
            "A: 1,x,2\n", "  A: {Type: List<Number>}\n",
            """
            p.yaml:1:4: error: 'x', in the value of 'A', is not a number [parameter-type]
              why: t.yaml:2:13 declares the type 'List<Number>'
            """
        ),
        (
            "A: ami-01234567\n", "  A: {Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>'}\n",
            """
            p.yaml:1:4: error: 'ami-01234567', the value of 'A', is the value, where the name of an SSM parameter \
            should stand [parameter-type]
              why: t.yaml:2:13 declares the type 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>'
            """
        ),
        (
            "A: a b\n", "  A: {Type: 'AWS::SSM::Parameter::Name'}\n",
            """
            p.yaml:1:4: error: 'a b', the value of 'A', is no name of an SSM parameter [parameter-type]
              why: t.yaml:2:13 declares the type 'AWS::SSM::Parameter::Name'
            """
        ),
        (
            "A: ''\n", "  A: {Type: 'AWS::EC2::KeyPair::KeyName'}\n",
            """
            p.yaml:1:4: error: '', the value of 'A', is empty [parameter-type]
              why: t.yaml:2:13 declares the type 'AWS::EC2::KeyPair::KeyName'
            """
        ),
        (
            "A: t3.smal\n",
            "  A: {Type: String, AllowedValues: [t3.micro, t3.small], ConstraintDescription: be small}\n",
            """
            p.yaml:1:4: error: 't3.smal', the value of 'A', is not allowed [parameter-not-allowed]
              why: t.yaml:2:36 allows 't3.micro', 't3.small': be small
              fix: write 't3.small'
            """
        ),
        (
            "A: ab1\n", "  A: {Type: String, AllowedPattern: '[a-z]+'}\n",
            """
            p.yaml:1:4: error: 'ab1', the value of 'A', does not match the pattern [parameter-pattern]
              why: t.yaml:2:37 wants the whole value to match '[a-z]+'
            """
        ),
        (
            "A: ab1\n", "  A: {Type: String, AllowedPattern: '[a-z'}\n",
            """
            p.yaml:1:4: warning: the value of 'A' was not held to its 'AllowedPattern' [pattern-not-checked]
              why: the pattern '[a-z' at t.yaml:2:37 cannot be used here
              fix: check the value by hand, or write the pattern with simpler means
            """
        ),
        (
            "A: é\nB: xyz\n", "  A: {Type: String, MinLength: 2}\n  B: {Type: String, MaxLength: 2}\n",
            """
            p.yaml:1:4: error: the value of 'A' has 1 characters [parameter-length]
              why: t.yaml:2:32 wants at least 2
            p.yaml:2:4: error: the value of 'B' has 3 characters [parameter-length]
              why: t.yaml:3:32 wants at most 2
            """
        ),
        (
            "A: 0\nB: 3\n", "  A: {Type: Number, MinValue: 1}\n  B: {Type: Number, MaxValue: 2.5}\n",
            """
            p.yaml:1:4: error: the value of 'A' is too small: 0 [parameter-range]
              why: t.yaml:2:31 wants at least 1
            p.yaml:2:4: error: the value of 'B' is too large: 3 [parameter-range]
              why: t.yaml:3:31 wants at most 2.5
            """
        ),
        (
            "A: '****'\n", "  A: {Type: String, NoEcho: true}\n",
            """
            p.yaml:1:4: error: the value of 'A' is the mask that CloudFormation shows for it [masked-parameter]
              why: t.yaml:2:3 declares it with 'NoEcho'
              fix: use the previous value ('UsePreviousValue' in a CLI list), or write the secret
            """
        ),
    ]

    @Test(arguments: rows) func `wrong values are named with both places`(
        row: (values: String, parameters: String, message: String)
    ) throws {
        #expect(try check(row.values, row.parameters) == row.message)
    }

    @Test func `at most 4096 bytes`() throws {
        let text = String(repeating: "é", count: 2048)
        #expect(try check("A: \(text)\n", "  A: {Type: String}\n") == "")
        #expect(
            try check("A: \(text)x\n", "  A: {Type: String}\n") == """
                p.yaml:1:4: error: the value of 'A' has 4097 bytes, more than CloudFormation's limit of 4096 \
                [parameter-too-long]
                """
        )
    }

    @Test func `a secret is never shown`() throws {
        let parameters = """
              A: {Type: Number, NoEcho: true, MinValue: 9}
              B: {Type: Number, NoEcho: true}
              C: {Type: String, NoEcho: true, AllowedValues: [x]}
              D: {Type: String, NoEcho: true, AllowedPattern: x}

            """
        let messages = try check("A: 3\nB: secret\nC: secret\nD: secret\n", parameters)
        #expect(messages.split(separator: "\n").count { $0.contains("error:") } == 4)
        #expect(!messages.contains("secret") && !messages.contains("small: 3"))
    }

    @Test func `control characters do not reach the terminal`() throws {
        let message = try check("A: \"\\e[31m\"\n", "  A: {Type: Number}\n")
        #expect(message.hasPrefix("p.yaml:1:4: error: '\\u001B[31m', the value of 'A', is not a number"))
    }

    @Test func `a previous value is not checked, but its name is`() throws {
        let template = try templateOf("Parameters:\n  A: {Type: Number}\n")
        let text =
            "[{\"ParameterKey\": \"A\", \"UsePreviousValue\": true}, "
            + "{\"ParameterKey\": \"B\", \"UsePreviousValue\": true}]"
        let messages = try ParameterCheck.check(parameterFile(text, "p.json"), against: template).map(\.description)
        #expect(messages.count == 1)
        #expect(messages[0].hasPrefix("p.json:1:68: error: the template has no parameter 'B' [unknown-parameter]"))
    }

    static let patterns: [(pattern: String, text: String, isMatch: Bool)] = [
        ("\\d+", "٣", false), ("\\w*", "é", false), ("[\\w.-]+", "a.b-c", true), ("(?i)ABC", "abc", true),
        ("ami-[0-9a-f]{8}|", "", true), ("a|ab", "ab", true), ("^a$", "a\n", false), (".*", "a\nb", false),
        ("(\\d{1,3})\\.(\\d{1,3})", "10.0", true), ("[^ ]*", "a b", false), ("(?=.*\\d)[a-z0-9]{2,}", "a1", true),
        ("\\p{Lu}.", "Éa", true), ("[a-z&&[^b]]+", "abc", false), ("(?:a++)b", "aab", true), ("é", "e\u{301}", false),
    ]

    @Test(arguments: patterns) func `patterns mean what Java means`(
        row: (pattern: String, text: String, isMatch: Bool)
    ) throws {
        let value = row.text.replacing("\n", with: "\\n")
        let messages = try check(
            "A: \"\(value)\"\n",
            "  A: {Type: String, AllowedPattern: '\(row.pattern)'}\n"
        )
        #expect(messages.contains("[parameter-pattern]") == !row.isMatch && !messages.contains("[pattern-not-checked]"))
    }
}
