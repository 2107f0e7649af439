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
        #expect(result.status == 0, "\(result.said)")
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
        #expect(result.said.contains("with '--ignore parameters'\n"), "\(result.said)")
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
        test.aws.behaviour.blocksPublicAccess = false
        try await test.boto(
            """
            ec2.modify_image_attribute(ImageId="\(made[1].ami)", LaunchPermission={"Add": [{"Group": "all"}]})
            """
        )
        #expect(
            try await test.verdicts("--keep", "0", "base:2") == [made[1].ami: ["used by everybody, since it is public"]]
        )
        test.aws.removeImage(made[1].ami)
        test.aws.behaviour.denied = ["ec2:DescribeImageAttribute"]
        #expect(try await test.verdicts("--keep", "0")[made[2].ami] == ["not known whether used: accounts"])
    }

    @Test func `an AMI that somebody else prunes meanwhile is in nobody's way`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        test.aws.meanwhile(at: "DescribeImageAttribute") { $0.deregisterImage(made[0].ami) }
        let early = try await test.prune("--keep", "1", "--apply")
        #expect(early.status == 0, "\(early.said)")
        #expect(test.aws.images("eu-west-1").map(\.id) == [made[1].ami])
        #expect(test.aws.snapshots("eu-west-1").map(\.id) == [made[1].snapshot])
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

    @Test func `stacks, and those that may go back`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        try await test.make("1", image: "other")
        test.aws.behaviour.stacksPerPage = 1
        test.aws.setStack(Stack("bare", template: "{}"))
        test.aws.setStack(Stack("shop", template: "{}", [.init("Base", made[0].ami)]))
        test.aws.setStack(Stack("gone", template: "{}", [.init("Base", made[1].ami)], status: "DELETE_COMPLETE"))
        test.aws.setStack(Stack("named", template: "{}", [.init("Base", "/base/ami", resolved: made[2].ami)]))
        #expect(
            try await test.verdicts("--keep", "0", "base") == [
                made[0].ami: ["used by stack 'shop', parameter 'Base'"], made[1].ami: [],
                made[2].ami: ["used by stack 'named', parameter 'Base'"],
            ]
        )
        test.aws.setStack(Stack("shop", template: "{}", [.init("Base", made[0].ami)], status: "UPDATE_IN_PROGRESS"))
        #expect(
            try await test.verdicts("--keep", "0", "base:2")
                == [made[1].ami: ["used by stack 'shop' (UPDATE_IN_PROGRESS), which may go back to it"]]
        )
        #expect(try await test.verdicts("--keep", "0", "other").values.map { $0 } == [[]])
    }

    @Test func `stacks, by what their templates name`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        func map(_ ami: String) -> String { "Mappings:\n  Amis:\n    eu-west-1: { Base: \(ami) }\nResources: {}\n" }
        test.aws.setStack(Stack("shop", template: map(made[0].ami), [.init("Base", made[0].ami)]))
        test.aws.setStack(Stack("gone", template: map(made[1].ami), status: "DELETE_COMPLETE"))
        test.aws.setStack(Stack("begun", template: map(made[1].ami), status: "REVIEW_IN_PROGRESS"))
        test.aws.setStack(Stack("json", template: "{\"Resources\": {\"X\": {\"ImageId\": \"\(made[2].ami)\"}}}"))
        #expect(
            try await test.verdicts("--keep", "0") == [
                made[0].ami: ["used by stack 'shop', its template", "used by stack 'shop', parameter 'Base'"],
                made[1].ami: [],
                made[2].ami: ["used by stack 'json', its template"],
            ]
        )
        try await test.aws.expectValidCalls()
        test.aws.behaviour.denied = ["cloudformation:GetTemplate"]
        #expect(try await test.verdicts("--keep", "0")[made[1].ami] == ["not known whether used: stacks"])
        #expect(try await test.verdicts("--keep", "0", "--ignore", "stacks")[made[0].ami] == [])
    }

    /// It may name what is to go; what the others name is known all the same.
    @Test func `a stack whose template nobody may read is named, and keeps what nothing else does`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        test.aws.setStack(Stack("shop", template: "A: \(made[0].ami)"))
        test.aws.setStack(Stack("vault", template: "A: \(made[1].ami)"))
        test.aws.behaviour.hiddenTemplates = ["vault"]
        let unknown = "not known whether used: stacks"
        #expect(
            try await test.verdicts("--keep", "0") == [
                made[0].ami: ["used by stack 'shop', its template", unknown], made[1].ami: [unknown],
            ]
        )
        let result = try await test.prune("--keep", "0", "--apply")
        #expect(result.status == 7 && test.aws.images("eu-west-1").count == 2)
        let fix =
            "\n  fix: allow 'cloudformation:GetTemplate' to whoever these credentials are of; or leave these users out of "
            + "account with '--ignore stacks'\n"
        #expect(
            result.said.hasPrefix(
                "error: it is not known whether 1 AMI is in use [unknown-users]\n  why: the template of the stack 'vault' "
                    + "cannot be read: cloudformation:GetTemplate in eu-west-1: AccessDenied: "
            ) && result.said.hasSuffix(fix),
            "\(result.said)"
        )
        for name in ["a", "b", "c"] { test.aws.setStack(Stack(name, template: "{}")) }
        test.aws.behaviour.hiddenTemplates = ["a", "b", "c", "shop", "vault"]
        let all = try await test.prune("--keep", "0")
        #expect(
            all.said.contains(
                "  why: the templates of the stacks 'a', 'b', 'c' and 2 more cannot be read: cloudformation:GetTemplate in "
            ) && all.said.hasSuffix(fix),
            "\(all.said)"
        )
        test.aws.behaviour.hiddenTemplates = []
        #expect(try await test.verdicts("--keep", "0")[made[1].ami] == ["used by stack 'vault', its template"])
        try await test.aws.expectValidCalls()
    }

    @Test func `a stack that has no template is asked about: one that is gone uses nothing`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1")
        let stack = Stack("shop", template: "A: \(made[0].ami)")
        test.aws.setStack(stack)
        let refusal = Fault(.refused(status: 400, code: "ValidationError"), at: "GetTemplate")
        test.aws.add(refusal)
        let kept = try await test.prune("--keep", "0", "--apply")
        #expect(kept.status == 7 && test.aws.images("eu-west-1").count == 1)
        #expect(
            kept.said.contains(
                "  why: the template of the stack 'shop' cannot be read: cloudformation:GetTemplate in eu-west-1: "
                    + "ValidationError: "
            )
        )
        #expect(kept.said.contains("  fix: see what may be wrong there, and run the command again; or leave"))
        test.aws.add(refusal)
        test.aws.meanwhile(at: "GetTemplate") { aws in
            var gone = stack
            gone.status = "DELETE_COMPLETE"
            aws.setStack(gone)
        }
        let pruned = try await test.prune("--keep", "0", "--apply")
        #expect(pruned.status == 0 && test.aws.images("eu-west-1").isEmpty, "\(pruned.said)")
    }

    @Test func `a template that takes an AMI since the plan was made keeps it, and the others are not read twice`()
        async throws
    {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        for number in 1...9 { test.aws.setStack(Stack("stack-\(number)", template: "{}")) }
        test.aws.setStack(Stack("shop", template: "{}"))
        test.aws.meanwhile(at: "DescribeImages", nth: 2) { aws in
            aws.setStack(Stack("shop", template: "A: \(made[0].ami)", status: "UPDATE_COMPLETE"))
        }
        let result = try await test.prune("--keep", "1", "--apply")
        #expect(result.status == 0, "\(result.said)")
        #expect(result.text.contains("stays: used by stack 'shop', its template\n"), "\(result.text)")
        #expect(test.aws.images("eu-west-1").map(\.id) == [made[0].ami, made[2].ami])
        #expect(test.aws.lines().count { $0 == "cloudformation:GetTemplate" } == 11)
    }

    @Test func `machines, running or stopped`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        let instances = try await test.boto(
            """
            def run(image):
                started = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)
                return started["Instances"][0]["InstanceId"]
            running, ended = run("\(made[0].ami)"), run("\(made[1].ami)")
            ec2.terminate_instances(InstanceIds=[ended])
            ec2.get_waiter("instance_terminated").wait(
                InstanceIds=[ended], WaiterConfig={"Delay": 0, "MaxAttempts": 1000})
            print(running, end="")
            """
        )
        #expect(
            try await test.verdicts("--keep", "0")
                == [made[0].ami: ["used by instance \(instances)"], made[1].ami: [], made[2].ami: []]
        )
    }

    @Test func `pages without anything are not the last ones`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        test.aws.setStack(Stack("shop", template: "{}", [.init("Base", made[0].ami)]))
        test.aws.setLaunchConfiguration(LaunchConfiguration("old", image: made[1].ami))
        test.aws.behaviour.emptyFirstPages = true
        #expect(
            try await test.verdicts("--keep", "0") == [
                made[0].ami: ["used by stack 'shop', parameter 'Base'"],
                made[1].ami: ["used by launch configuration 'old'"],
            ]
        )
    }

    @Test func `ami list says who uses what`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        try await test.make("1", image: "other")
        try await test.share(made[0].ami, with: "444455556666")
        let list = try await test.run("ami", "list")
        #expect(list.status == 0 && list.said == "", "\(list.said)")
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
        #expect(none.status == 0 && none.text == "" && none.said == "there are no such AMIs\n")
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
        #expect(list.said.contains("error: the AMIs cannot be listed in "), "\(list.said)")
    }
}
