import FakeAWS
import OCI
import SystemPackage
import TestSupport
import Testing

@Suite("Distributing images in the fake, with boto3") struct DistributionTests {
    @Test func `tries without doing anything`() async throws {
        let fake = try await FakeAWS.start()
        fake.behaviour.denied = ["ec2:CopySnapshot"]
        try await boto(
            fake,
            """
            image, disk, template = "ami-0123456789abcdef0", "snap-0123456789abcdef0", "lt-0123456789abcdef0"
            source = dict(SourceRegion="eu-west-1")
            calls = dict(
                register_image=registration(disk, "web"), copy_image=dict(Name="web", SourceImageId=image, **source),
                describe_images={}, deregister_image=dict(ImageId=image),
                modify_image_attribute=dict(ImageId=image, Description={"Value": "x"}),
                describe_image_attribute=dict(ImageId=image, Attribute="description"),
                enable_image_deprecation=dict(ImageId=image, DeprecateAt="2034-01-01T00:00:00Z"),
                disable_image_deprecation=dict(ImageId=image), describe_snapshots={},
                delete_snapshot=dict(SnapshotId=disk),
                modify_snapshot_attribute=dict(SnapshotId=disk, Attribute="createVolumePermission"),
                describe_snapshot_attribute=dict(SnapshotId=disk, Attribute="createVolumePermission"),
                create_tags=dict(Resources=[image], Tags=[{"Key": "a", "Value": "b"}]),
                delete_tags=dict(Resources=[image]), describe_tags={}, describe_instances={},
                create_launch_template=dict(LaunchTemplateName="web", LaunchTemplateData={"ImageId": image}),
                create_launch_template_version=dict(LaunchTemplateId=template, LaunchTemplateData={"ImageId": image}),
                modify_launch_template=dict(LaunchTemplateId=template, DefaultVersion="1"),
                delete_launch_template=dict(LaunchTemplateId=template), describe_launch_templates={},
                describe_launch_template_versions=dict(LaunchTemplateId=template),
                run_instances=dict(ImageId=image, MinCount=1, MaxCount=1), stop_instances=dict(InstanceIds=["i-1"]),
                terminate_instances=dict(InstanceIds=["i-1"]), create_image=dict(InstanceId="i-1", Name="web"),
                describe_subnets={}, describe_vpc_endpoints={}, describe_route_tables={})
            for name, parameters in calls.items():
                answer = refused("DryRunOperation", getattr(ec2, name), DryRun=True, **parameters)
                assert answer["ResponseMetadata"]["HTTPStatusCode"] == 412, answer
            refused("UnauthorizedOperation", ec2.copy_snapshot, DryRun=True, SourceSnapshotId=disk, **source)
            """
        )
        #expect(fake.lines(onlyChanges: true).isEmpty)
        #expect(fake.images("eu-west-1").isEmpty && fake.launchTemplates("eu-west-1").isEmpty)
    }

    @Test func `shares with organizations, and knows when an image was started`() async throws {
        let organization = "arn:aws:organizations::111122223333:organization/o-abc"
        let member = Account("444455556666", organizations: [organization])
        let fake = try await FakeAWS.start(accounts: [.first, member, Account("777788889999")])
        let image = try await boto(
            fake,
            """
            disk = snapshot({})
            image = ec2.register_image(**registration(disk, "web"))["ImageId"]
            def user(account):
                return client("ec2", aws_access_key_id="AKIA0000" + account,
                              aws_secret_access_key="no/secret+of/the+fake/bakery" + account)
            member, stranger = user("444455556666"), user("777788889999")
            def share(how):
                ec2.modify_image_attribute(ImageId=image, LaunchPermission={
                    how: [{"OrganizationArn": "\(organization)"}]})
            refused("AuthFailure", member.describe_images, ImageIds=[image])
            share("Add")
            assert member.describe_images(ImageIds=[image])["Images"][0]["OwnerId"] == "111122223333"
            refused("AuthFailure", stranger.describe_images, ImageIds=[image])
            # The snapshots are not shared with it.
            refused("InvalidRequest", member.copy_image, Name="copy", SourceImageId=image, SourceRegion="eu-west-1")
            share("Remove")
            refused("AuthFailure", member.describe_images, ImageIds=[image])
            assert "LastLaunchedTime" not in ec2.describe_images(ImageIds=[image])["Images"][0]
            assert ec2.describe_image_attribute(ImageId=image, Attribute="lastLaunchedTime")["LastLaunchedTime"] == {}
            ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": image})
            template = ec2.describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
            ec2.create_tags(Resources=[image, template], Tags=[{"Key": "n", "Value": "1"}])
            tagged = ec2.describe_tags(Filters=[{"Name": "key", "Values": ["n"]}])["Tags"]
            assert sorted(t["ResourceType"] for t in tagged) == ["image", "launch-template"], tagged
            print(image, end="")
            """
        )
        fake.setLastLaunch(of: image, to: 1_700_000_000)
        try await boto(
            fake,
            """
            found = ec2.describe_image_attribute(ImageId="\(image)", Attribute="lastLaunchedTime")
            assert found["LastLaunchedTime"]["Value"] == "2023-11-14T22:13:20.000Z", found
            assert ec2.describe_images()["Images"][0]["LastLaunchedTime"] == "2023-11-14T22:13:20.000Z"
            """
        )
    }

    @Test func `fails, holds and logs the calls of all services`() async throws {
        let fake = try await FakeAWS.start()
        fake.add(Fault(.throttled, at: "CreateLaunchTemplate"))
        fake.add(Fault(.throttled, at: "DescribeStacks"))
        fake.add(Fault(.failing(503), at: "DescribeKey"))
        fake.add(Fault(.lost, at: "CreateRepository"))
        fake.add(Fault(.refused(status: 400, code: "TooManyUpdates"), at: "PutParameter"))
        let held = fake.hold(after: "PutParameter", nth: 2)
        try await boto(
            fake,
            """
            from botocore.exceptions import HTTPClientError, ReadTimeoutError, ResponseStreamingError
            ssm, kms, ecr, stacks = client("ssm"), client("kms"), client("ecr"), client("cloudformation")
            scaling = client("autoscaling")
            put = dict(Name="/a", Value="b", Type="String")
            refused("RequestLimitExceeded", ec2.create_launch_template, LaunchTemplateName="web",
                    LaunchTemplateData={"InstanceType": "t3.micro"})
            refused("Throttling", stacks.describe_stacks)
            answer = refused("ServiceUnavailable", kms.describe_key, KeyId="alias/aws/ebs")
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 503
            refused("TooManyUpdates", ssm.put_parameter, **put)
            # Impatient only where no answer comes.
            config = Config(retries={"max_attempts": 0}, read_timeout=20)
            try:
                client("ssm").put_parameter(**put)
                raise AssertionError("it was answered")
            except ReadTimeoutError:
                pass
            refused("ParameterAlreadyExists", ssm.put_parameter, **put)
            try:
                ecr.create_repository(repositoryName="web")
                raise AssertionError("it was answered")
            except (HTTPClientError, ResponseStreamingError, ValueError):
                pass
            refused("RepositoryAlreadyExistsException", ecr.create_repository, repositoryName="web")
            ssm.put_parameter(Overwrite=True, **put)
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/a", Tags=[{"Key": "a", "Value": "b"}])
            ssm.get_parameters_by_path(Path="/", ParameterFilters=[{"Key": "Type", "Values": ["String"]}])
            kms.list_grants(KeyId=kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyId"], Limit=5)
            stacks.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])
            scaling.describe_auto_scaling_groups(MaxRecords=5,
                Filters=[{"Name": "tag:a", "Values": ["b"]}])
            ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro",
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}]})
            ec2.describe_launch_template_versions(LaunchTemplateName="web", Versions=["$Latest"])
            ecr.get_authorization_token()
            """
        )
        let call = try #require(held.call)
        #expect(call.parameters["Name"]?.stringValue == "/a" && call.changes)
        #expect(fake.parameters("eu-west-1").first?.versions.count == 2)
        #expect(fake.repositories("eu-west-1").count == 1)
        let folder = try TemporaryFolder()
        try fake.writeLog(to: folder.file("calls"))
        let judge = FilePath(#filePath).removingLastComponent().appending("../../scripts/check-aws-requests")
        let text = try await requireTool(pythonWithBotocore(), [judge.string, folder.file("calls").string])
        #expect(text == "\(fake.calls.count) calls are valid by the models of botocore\n")
    }
}
