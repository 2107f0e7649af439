import FakeAWS
import OCI
import TestSupport
import Testing

@Suite("Pruning AMIs: who uses them") struct PruneUserTests {
    @Test func `a stack that takes an AMI since the plan was made keeps it`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        // The plan is the first list, and before each AMI goes there is one more.
        test.aws.meanwhile(at: "DescribeImages", nth: 2) { $0.share(image: made[0].ami, with: "444455556666") }
        let result = try await test.prune("--keep", "1", "--apply")
        #expect(result.status == 0, "\(result.error)")
        #expect(result.text.contains("stays: used by 444455556666, who may use it unseen\n"), "\(result.text)")
        #expect(result.text.hasSuffix("1 AMI and 1 snapshot gone\n"))
        #expect(test.aws.images("eu-west-1").map(\.id) == [made[0].ami, made[2].ami])
    }

    @Test func `a service that refuses since then is not known to be no user`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        test.aws.meanwhile(at: "DescribeImages", nth: 3) { $0.behaviour.denied = ["ssm:DescribeParameters"] }
        let result = try await test.prune("--keep", "1", "--apply")
        #expect(result.status == 7)
        #expect(result.text.contains("stays: not known whether used: parameters\n"), "\(result.text)")
        #expect(result.error.contains("with '--ignore parameters'\n"), "\(result.error)")
        #expect(!test.aws.images("eu-west-1").map(\.id).contains(made[2].ami) == false)
    }

    @Test func `other accounts, and everybody`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        try await test.share(made[0].ami, with: "444455556666")
        #expect(
            try await test.verdicts("--keep", "0") == [
                made[0].ami: ["used by 444455556666, who may use it unseen"], made[1].ami: [], made[2].ami: [],
            ]
        )
        #expect(try await test.verdicts("--keep", "0", "--ignore", "accounts")[made[0].ami] == [])
        test.aws.behaviour.denied = ["ec2:DescribeImageAttribute"]
        #expect(try await test.verdicts("--keep", "0")[made[1].ami] == ["not known whether used: accounts"])
    }

    @Test func `parameters`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        try await test.boto(
            """
            ssm.put_parameter(Name="/base/ami", Type="String", Value="\(made[0].ami)", DataType="aws:ec2:image")
            ssm.put_parameter(Name="/base/text", Type="String", Value="\(made[1].ami)")
            """
        )
        #expect(
            try await test.verdicts("--keep", "0")
                == [made[0].ami: ["used by parameter '/base/ami'"], made[1].ami: []]
        )
    }

    @Test func `launch templates, by number, default and parameter`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3", "4")
        try await test.boto(
            """
            ssm.put_parameter(Name="/base/text", Type="String", Value="\(made[2].ami)")
            def template(image): return dict(LaunchTemplateData={"ImageId": image})
            ec2.create_launch_template(LaunchTemplateName="web", **template("\(made[0].ami)"))
            ec2.create_launch_template_version(LaunchTemplateName="web", **template("\(made[1].ami)"))
            ec2.create_launch_template(LaunchTemplateName="alias", **template("resolve:ssm:/base/text"))
            """
        )
        #expect(
            try await test.verdicts("--keep", "0") == [
                made[0].ami: ["used by launch template 'web', version 1"],
                made[1].ami: ["used by launch template 'web', version 2"],
                made[2].ami: ["used by launch template 'alias', version 1"], made[3].ami: [],
            ]
        )
    }

    @Test func `Auto Scaling Groups and launch configurations`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        try await test.boto(
            """
            ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": "\(made[0].ami)"})
            for number in range(20):
                ec2.create_launch_template_version(
                    LaunchTemplateName="web", LaunchTemplateData={"ImageId": "\(made[1].ami)"})
            ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="21")
            autoscaling.create_launch_configuration(
                LaunchConfigurationName="old", ImageId="\(made[2].ami)", InstanceType="t3.micro")
            """
        )
        // The first version is too old to count by itself.
        #expect(try await test.verdicts("--keep", "0", "base:1") == [made[0].ami: []])
        try await test.boto(
            """
            autoscaling.create_auto_scaling_group(
                AutoScalingGroupName="shop", MinSize=0, MaxSize=0, AvailabilityZones=["eu-west-1a"],
                LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"})
            """
        )
        #expect(
            try await test.verdicts("--keep", "0", "base:1", "base:3") == [
                made[0].ami: ["used by Auto Scaling Group 'shop'"],
                made[2].ami: ["used by launch configuration 'old'"],
            ]
        )
        test.aws.behaviour.denied = ["ec2:DescribeLaunchTemplates"]
        // Nobody knows what the group starts then.
        #expect(
            try await test.verdicts("--keep", "0", "base:1", "--ignore", "launch-templates")[made[0].ami]
                == ["not known whether used: auto-scaling-groups"]
        )
    }

    @Test func `stacks`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        try await test.boto(
            #"""
            template = '{"Parameters": {"BaseAmi": {"Type": "String"}}, '\
                '"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
            cloudformation.create_stack(
                StackName="shop", TemplateBody=template,
                Parameters=[{"ParameterKey": "BaseAmi", "ParameterValue": "\#(made[0].ami)"}])
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName="shop", WaiterConfig={"Delay": 0, "MaxAttempts": 100})
            """#
        )
        #expect(
            try await test.verdicts("--keep", "0")
                == [made[0].ami: ["used by stack 'shop', parameter 'BaseAmi'"], made[1].ami: []]
        )
    }

    @Test func `ami list says who uses what`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        try await test.make("1", image: "other")
        try await test.share(made[0].ami, with: "444455556666")
        let list = try await test.run("ami", "list")
        #expect(list.status == 0 && list.error == "", "\(list.error)")
        #expect(
            list.text == """
                IMAGE  VERSION  REGION     AMI                     AGE  STATE
                base   2        eu-west-1  \(made[1].ami)  10 d  available
                base   1        eu-west-1  \(made[0].ami)  11 d  available
                other  1        eu-west-1  ami-00000000000000006  10 d  available

                """
        )
        let users = try await test.run("ami", "list", "base", "--users")
        #expect(users.text.contains("available  unused\n"), "\(users.text)")
        #expect(users.text.contains("available  444455556666, who may use it unseen\n"), "\(users.text)")
        #expect(!users.text.contains("other"))
        test.aws.behaviour.denied = ["ssm:DescribeParameters"]
        let unknown = try await test.run("ami", "list", "base:2", "--users")
        #expect(unknown.status == 0 && unknown.text.hasSuffix("available  not known: parameters\n"), "\(unknown.text)")
        let none = try await test.run("ami", "list", "--older-than", "30d")
        #expect(none.status == 0 && none.text == "" && none.error == "there are no such AMIs\n")
        let old = try await test.run("ami", "list", "--older-than", "11d", "--format", "json", "--users")
        let entry = try #require(try JSONValue.parse(old.output)["amis"]?.arrayValue?.first)
        #expect(entry["ami"]?.stringValue == made[0].ami && entry["snapshots"] == .strings([made[0].snapshot]))
        #expect(entry["users"]?.arrayValue?.first?["source"] == "accounts")
        #expect(entry["unknownUsers"]?["parameters"]?.stringValue?.contains("ssm:DescribeParameters") == true)
    }

    @Test func `a region that refuses keeps no other from being listed`() async throws {
        let test = try await PruneKitchen(regions: ["eu-west-1", "us-east-1"])
        try await test.make("1")
        try await test.make("1", region: "us-east-1")
        test.aws.add(Fault(.refused(status: 403, code: "UnauthorizedOperation"), at: "DescribeImages"))
        let list = try await test.run("ami", "list")
        #expect(list.status == 1)
        #expect(list.text.split(separator: "\n").count == 2)
        #expect(list.error.contains("error: the AMIs cannot be listed in "), "\(list.error)")
    }
}
