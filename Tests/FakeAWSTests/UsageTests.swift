import FakeAWS
import Testing

@Suite("Who uses images in the fake, with boto3") struct UsageTests {
    @Test func `tells of groups and launch configurations`() async throws {
        let fake = try await FakeAWS.start(accounts: [.first, .second])
        let template = AutoScalingGroup.Template(id: "lt-0123456789abcdef0", name: "web", version: "$Latest")
        let other = AutoScalingGroup.Template(id: "lt-0123456789abcdef1", name: "arm", version: "3")
        fake.setLaunchConfiguration(LaunchConfiguration("old", image: "ami-0123456789abcdef0"))
        fake.setGroup(AutoScalingGroup("a", from: .configuration("old"), instances: ["i-0123456789abcdef0"]))
        fake.setGroup(AutoScalingGroup("b", from: .template(template), sizes: 1...3, tags: ["team": "x"]))
        fake.setGroup(AutoScalingGroup("c", from: .mixed(template, overrides: ["t4g.micro": other, "t3.micro": nil])))
        fake.setGroup(AutoScalingGroup("theirs", from: .template(template), of: .second))
        fake.setGroup(AutoScalingGroup("gone", from: .template(template)))
        fake.removeGroup("gone", "eu-west-1")
        try await boto(
            fake,
            """
            scaling = client("autoscaling")
            found = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
            assert [g["AutoScalingGroupName"] for g in found] == ["a", "b", "c"], found
            one = found[0]["Instances"][0]
            assert found[0]["LaunchConfigurationName"] == one["LaunchConfigurationName"] == "old"
            assert (one["InstanceId"], one["LifecycleState"]) == ("i-0123456789abcdef0", "InService")
            web = {"LaunchTemplateId": "lt-0123456789abcdef0", "LaunchTemplateName": "web", "Version": "$Latest"}
            assert found[1]["LaunchTemplate"] == web and (found[1]["MinSize"], found[1]["MaxSize"]) == (1, 3)
            mixed = found[2]["MixedInstancesPolicy"]["LaunchTemplate"]
            assert mixed["LaunchTemplateSpecification"] == web, mixed
            assert [o["InstanceType"] for o in mixed["Overrides"]] == ["t3.micro", "t4g.micro"]
            assert mixed["Overrides"][1]["LaunchTemplateSpecification"]["LaunchTemplateName"] == "arm"
            named = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["b", "none"])["AutoScalingGroups"]
            assert [g["AutoScalingGroupName"] for g in named] == ["b"]
            def filtered(name, *values):
                found = scaling.describe_auto_scaling_groups(Filters=[{"Name": name, "Values": values}])
                return [g["AutoScalingGroupName"] for g in found["AutoScalingGroups"]]
            assert filtered("tag:team", "x") == filtered("tag-key", "team") == filtered("tag-value", "x") == ["b"]
            assert filtered("tag:team", "y") == []
            refused("ValidationError", filtered, name="color")
            pages = scaling.get_paginator("describe_auto_scaling_groups").paginate(PaginationConfig={"PageSize": 2})
            assert [len(p["AutoScalingGroups"]) for p in pages] == [2, 1]
            old, = scaling.describe_launch_configurations()["LaunchConfigurations"]
            assert old["ImageId"] == "ami-0123456789abcdef0", old
            refused("InvalidNextToken", scaling.describe_launch_configurations, NextToken="x")
            refused("ValidationError", scaling.describe_launch_configurations, MaxRecords=101)

            disk = snapshot({})
            image = ec2.register_image(**registration(disk, "web"))["ImageId"]
            configure = scaling.create_launch_configuration
            made = dict(LaunchConfigurationName="new", ImageId=image, InstanceType="t3.micro", SecurityGroups=["sg-1"])
            configure(**made)
            error = refused("AlreadyExists", configure, **made)["Error"]
            assert "already exists with the name new" in error["Message"], error
            refused("ValidationError", configure, LaunchConfigurationName="none", ImageId=image)
            refused("ValidationError", configure, **made | {"LaunchConfigurationName": "x", "ImageId": "ami-0" * 4})
            found, = scaling.describe_launch_configurations(LaunchConfigurationNames=["new"])["LaunchConfigurations"]
            assert found["ImageId"] == image and found["SecurityGroups"] == ["sg-1"], found
            ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": image})
            group = dict(AutoScalingGroupName="new", MinSize=0, MaxSize=2, AvailabilityZones=["eu-west-1a"])
            create = scaling.create_auto_scaling_group
            by_template = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}}
            def wrong(text, code="ValidationError", **others):
                error = refused(code, create, **group | others)["Error"]
                assert text in error["Message"], error
            wrong("must contain either LaunchTemplate")
            wrong("must contain either LaunchTemplate", LaunchConfigurationName="new", **by_template)
            wrong("name not found - none", LaunchConfigurationName="none")
            wrong("does not exist", LaunchTemplate={"LaunchTemplateName": "web", "Version": "2"})
            wrong("either launchTemplateId or", LaunchTemplate={"Version": "2"})
            wrong("greater than or equal", MinSize=3, **by_template)
            wrong("starts no instances", DesiredCapacity=1, **by_template)
            create(Tags=[{"Key": "team", "Value": "y", "PropagateAtLaunch": True}], **group | by_template)
            wrong("already exists", "AlreadyExists", **by_template)
            found, = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["new"])["AutoScalingGroups"]
            assert found["LaunchTemplate"]["Version"] == "1" and found["Tags"][0]["Value"] == "y", found
            del group["AvailabilityZones"]
            wrong("At least one Availability Zone", AutoScalingGroupName="zone", **by_template)
            create(LaunchConfigurationName="new", VPCZoneIdentifier="subnet-1",
                   **group | {"AutoScalingGroupName": "net"})
            """
        )
        fake.behaviour.emptyFirstPages = true
        fake.add(Fault(.throttled, at: "DescribeAutoScalingGroups"))
        try await boto(
            fake,
            """
            scaling = client("autoscaling")
            refused("Throttling", scaling.describe_auto_scaling_groups)
            first = scaling.describe_auto_scaling_groups()
            assert first["AutoScalingGroups"] == [] and first["NextToken"]
            rest = scaling.describe_auto_scaling_groups(NextToken=first["NextToken"])
            assert len(rest["AutoScalingGroups"]) == 5 and "NextToken" not in rest
            """
        )
        #expect(fake.lines(onlyChanges: true).suffix(1) == ["autoscaling:CreateAutoScalingGroup"])
    }

    @Test func `tells of stacks`() async throws {
        let fake = try await FakeAWS.start(accounts: [.first, .second])
        fake.behaviour.stacksPerPage = 2
        let parameters: [Stack.Parameter] = [
            .init("Image", "/web/ami", resolved: "ami-0123456789abcdef0"), .init("Secret", "hidden", isSecret: true),
        ]
        let id = fake.setStack(Stack("web", template: "Resources: <none> & more\n", parameters, tags: ["a": "b"]))
        fake.setStack(Stack("old", template: "{}", status: "DELETE_COMPLETE"))
        fake.setStack(Stack("third", template: "{}", status: "UPDATE_IN_PROGRESS"))
        fake.setStack(Stack("fourth", template: "{}"))
        fake.setStack(Stack("theirs", template: "{}", of: .second))
        #expect(
            fake.setStack(Stack("web", template: "Resources: <none> & more\n", parameters, status: "UPDATE_COMPLETE"))
                == id
        )
        try await boto(
            fake,
            """
            stacks = client("cloudformation")
            pages = list(stacks.get_paginator("list_stacks").paginate())
            names = [[s["StackName"] for s in p["StackSummaries"]] for p in pages]
            assert names == [["fourth", "third"], ["old", "web"]], names
            ended = stacks.list_stacks(StackStatusFilter=["UPDATE_COMPLETE"])["StackSummaries"]
            assert [s["StackId"] for s in ended] == ["\(id)"], ended
            pages = list(stacks.get_paginator("describe_stacks").paginate())
            names = [[s["StackName"] for s in p["Stacks"]] for p in pages]
            assert names == [["fourth", "third"], ["web"]], names
            web, = stacks.describe_stacks(StackName="web")["Stacks"]
            assert web["Parameters"] == [
                {"ParameterKey": "Image", "ParameterValue": "/web/ami", "ResolvedValue": "ami-0123456789abcdef0"},
                {"ParameterKey": "Secret", "ParameterValue": "****"}], web
            assert web["StackStatus"] == "UPDATE_COMPLETE" and web["LastUpdatedTime"] >= web["CreationTime"], web
            assert ["LastUpdatedTime" in s for p in pages for s in p["Stacks"]] == [False, False, True], pages
            assert stacks.describe_stacks(StackName="\(id)")["Stacks"] == [web]
            template = stacks.get_template(StackName="web", TemplateStage="Original")
            assert template["TemplateBody"] == "Resources: <none> & more\\n", template
            def wrong(text, call, code="ValidationError", **parameters):
                error = refused(code, call, **parameters)["Error"]
                assert text in error["Message"], error
            wrong("Stack with id none does not exist", stacks.describe_stacks, StackName="none")
            wrong("Stack with id old does not exist", stacks.describe_stacks, StackName="old")
            wrong("Stack with id theirs does not exist", stacks.get_template, StackName="theirs")
            wrong("StackName is required", stacks.get_template)
            wrong("must be one of", stacks.list_stacks, StackStatusFilter=["DONE"])
            wrong("token is not valid", stacks.list_stacks, NextToken="x")

            body = {"Resources": {"X": {"Type": "AWS::SNS::Topic"}},
                    "Parameters": {"Image": {"Type": "String"}, "Size": {"Type": "Number", "Default": 3},
                                   "Secret": {"Type": "String", "NoEcho": True, "Default": "s"}}}
            import json
            made = dict(StackName="new", TemplateBody=json.dumps(body),
                        Parameters=[{"ParameterKey": "Image", "ParameterValue": "ami-1"}])
            stack = stacks.create_stack(Tags=[{"Key": "a", "Value": "b"}], **made)["StackId"]
            new, = stacks.describe_stacks(StackName=stack)["Stacks"]
            assert new["StackStatus"] == "CREATE_COMPLETE" and new["Tags"] == [{"Key": "a", "Value": "b"}]
            assert [p["ParameterValue"] for p in new["Parameters"]] == ["ami-1", "****", "3"], new
            create = stacks.create_stack
            wrong("Stack [new] already exists", create, "AlreadyExistsException", **made)
            made["StackName"] = "next"
            wrong("does not match the pattern", create, **made | {"StackName": "1st"})
            wrong("Template format error", create, **made | {"TemplateBody": "Resources: {}"})
            wrong("[Image] must have values", create, **made | {"Parameters": []})
            wrong("[Colour] do not exist", create, **made | {"Parameters": made["Parameters"] + [
                {"ParameterKey": "Colour", "ParameterValue": "red"}]})
            wrong("Duplicate parameter key", create, **made | {"Parameters": made["Parameters"] * 2})
            wrong("a key and a value", create, **made | {"Parameters": [{"ParameterKey": "Image"}]})
            """
        )
        #expect(fake.lines(onlyChanges: true).first == "cloudformation:CreateStack")
    }
}
