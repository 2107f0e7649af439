import Diagnostics
import Testing
import YAML

@testable import Rollouts

@Suite("Who waits for signals") struct AwaitedSignalTests {
    /// Of the machine `A` in a template with these resources; parameters are `Size`, which is 3, and `Many`, which is no number.
    private func read(
        _ resources: String,
        handles: [String] = ["H"]
    ) throws -> (signals: [AwaitedSignal], notes: [String]) {
        var diagnostics = DiagnosticList()
        let text = """
            Resources:
              A: { Type: "AWS::EC2::LaunchTemplate", Properties: { LaunchTemplateData: { ImageId: !Ref Ami } } }
              H: { Type: "AWS::CloudFormation::WaitConditionHandle" }

            """
        let lines = resources.split(separator: "\n").map { "  \($0)\n" }.joined()
        let conditions = "Conditions: { Always: !Equals [a, a], Never: !Equals [a, b] }\n"
        let bytes = Array((text + lines + conditions).utf8)
        let root = try #require(Template.readDocument(bytes, file: "t.yaml", diagnostics: &diagnostics))
        #expect(AwaitedSignal.handles(in: root) == ["H"])
        let functions = TemplateFunctions(
            root,
            parameters: ["Size": "3", "Many": "many"],
            stackName: "shop",
            region: "eu-west-1"
        )
        let machine = try #require(TemplateMachine.all(in: root).first)
        return try AwaitedSignal.all(in: root, for: machine, functions, handles: handles)
    }

    private func signals(_ resources: String) throws -> [AwaitedSignal] {
        let (signals, notes) = try read(resources)
        #expect(notes == [])
        return signals
    }

    private static let group = """
        Group:
          Type: AWS::AutoScaling::AutoScalingGroup
          CreationPolicy: { ResourceSignal: { Count: !Ref Size, Timeout: PT5M } }
          Properties: { DesiredCapacity: !Ref Size, MinSize: 1, LaunchTemplate: { LaunchTemplateId: !Ref A } }
        """

    @Test func `is a resource with a policy`() throws {
        let resources = """
            B: { CreationPolicy: { ResourceSignal: {} } }
            C: { CreationPolicy: { ResourceSignal: { Count: 2 } } }
            D: { UpdatePolicy: { AutoScalingRollingUpdate: { WaitOnResourceSignals: "True" } } }
            E: { UpdatePolicy: { AutoScalingRollingUpdate: { WaitOnResourceSignals: false } } }
            F: { CreationPolicy: { ResourceSignal: { Count: 0 } } }
            G: { Type: "AWS::CloudFormation::WaitCondition", CreationPolicy: { ResourceSignal: { Count: 1 } } }
            I: { Type: "AWS::S3::Bucket" }
            """
        #expect(
            try signals(resources) == [
                AwaitedSignal(resource: "B"), AwaitedSignal(resource: "C", count: 2), AwaitedSignal(resource: "D"),
                AwaitedSignal(resource: "G"),
            ]
        )
    }

    @Test func `is a wait condition`() throws {
        let resources = """
            W: { Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: !Ref H, Timeout: "300", Count: !Ref Size } }
            X:
              Type: AWS::CloudFormation::WaitCondition
              Properties: { Handle: { Ref: H }, Timeout: 60, Count: !Ref AWS::NoValue }
            """
        #expect(
            try signals(resources) == [
                AwaitedSignal(resource: "W", handle: "H", count: 3, timeout: 300),
                AwaitedSignal(resource: "X", handle: "H", timeout: 60),
            ]
        )
    }

    @Test func `gets from each machine of a group its share`() throws {
        let resources = """
            W: { Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: !Ref H, Timeout: 1, Count: !Ref Size } }
            X: { Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: !Ref H, Timeout: 1, Count: 4 } }
            """
        #expect(
            try signals(Self.group + "\n" + resources) == [
                AwaitedSignal(resource: "Group"), AwaitedSignal(resource: "W", handle: "H", timeout: 1),
                AwaitedSignal(resource: "X", handle: "H", count: 2, timeout: 1),
            ]
        )
        // A group of other machines, and one that says only how few it may have.
        let other = Self.group.replacing("!Ref A", with: "lt-0123456789abcdef0")
        #expect(try signals(other) == [AwaitedSignal(resource: "Group", count: 3)])
        let least = Self.group.replacing("DesiredCapacity: !Ref Size, MinSize: 1", with: "MinSize: 2")
        #expect(try signals(least) == [AwaitedSignal(resource: "Group", count: 2)])
        let none = Self.group.replacing("DesiredCapacity: !Ref Size, MinSize: 1", with: "DesiredCapacity: 0")
        #expect(try signals(none) == [AwaitedSignal(resource: "Group", count: 3)])
    }

    @Test func `gets of a group the share of its own machines, and of others that of all`() throws {
        let other = Self.group.replacing("Group:", with: "Other:").replacing("Count: !Ref Size", with: "Count: 6")
        let resources = """
            W: { Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: !Ref H, Timeout: 1, Count: 12 } }
            """
        #expect(
            try signals([Self.group, other, resources].joined(separator: "\n")) == [
                AwaitedSignal(resource: "Group"), AwaitedSignal(resource: "Other", count: 2),
                AwaitedSignal(resource: "W", handle: "H", count: 2, timeout: 1),
            ]
        )
    }

    @Test func `is there by its condition`() throws {
        let resources = """
            B: { Condition: Never, CreationPolicy: { ResourceSignal: { Count: !Ref Many } } }
            C: { Condition: Always, CreationPolicy: { ResourceSignal: {} } }
            D: { Condition: Never, UpdatePolicy: { AutoScalingRollingUpdate: { WaitOnResourceSignals: true } } }
            W: { Condition: Never, Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: !Ref H, Timeout: 1 } }
            X:
              Condition: Always
              Type: AWS::CloudFormation::WaitCondition
              Properties: { Handle: !Ref H, Timeout: 1, Count: 3 }
            """
        let group = Self.group.replacing("Type:", with: "Condition: Never\n  Type:")
        #expect(
            try signals(resources + "\n" + group) == [
                AwaitedSignal(resource: "C"), AwaitedSignal(resource: "X", handle: "H", count: 3, timeout: 1),
            ]
        )
        let unknown = "B: { Condition: Other, CreationPolicy: { ResourceSignal: {} } }"
        let error = try #require(throws: InvalidInput.self) { try signals(unknown) }
        #expect(error.description.contains("t.yaml:4:"))
        #expect(error.description.contains("the template has no condition 'Other'"))
    }

    @Test func `is no wait condition whose handle the machine cannot know`() throws {
        for handle in ["!Ref A", "!Ref Size", "http"] {
            let resources = """
                W: { Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: \(handle), Timeout: soon } }
                """
            let (signals, notes) = try read(resources)
            #expect(signals == [])
            #expect(notes == ["'W' is not waited for: its 'Handle' is no 'Ref' of a wait condition handle"])
        }
        let resources = """
            W: { Type: "AWS::CloudFormation::WaitCondition", Properties: { Handle: !Ref H, Timeout: soon } }
            """
        let (signals, notes) = try read(resources, handles: [])
        #expect(signals == [])
        #expect(notes == ["'W' is not waited for: its handle 'H' is not in the userdata"])
    }

    @Test(
        arguments: [
            ("Handle: !Ref H", "the wait condition 'W' has no 'Timeout'"),
            ("Handle: !Ref H, Timeout: PT5M", "the 'Timeout' of 'W' is no whole number from 0 to 1000000"),
            ("Handle: !Ref H, Timeout: 1, Count: !Ref Many", "the 'Count' of 'W' is no whole number"),
            ("Handle: !Ref H, Timeout: 1, Count: -1", "the 'Count' of 'W' is no whole number"),
            ("Handle: !Ref H, Timeout: 1, Count: 9223372036854775807", "the 'Count' of 'W' is no whole number"),
            ("Handle: !Ref H, Timeout: 1, Count: [1]", "the 'Count' of 'W' is no whole number"),
        ]
    )
    func `says what has no meaning, and where`(_ properties: String, _ message: String) throws {
        let resources = "W: { Type: \"AWS::CloudFormation::WaitCondition\", Properties: { \(properties) } }"
        let error = try #require(throws: InvalidInput.self) { try signals(resources) }
        #expect(error.description.contains("t.yaml:4:"))
        #expect(error.description.contains("\(message)"))
        #expect(error.description.contains("[template-shape]"))
    }
}
