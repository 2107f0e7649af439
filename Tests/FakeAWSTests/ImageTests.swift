import FakeAWS
import Testing

@Suite("The fake's images, with boto3") struct ImageTests {
    @Test func `registers an image as it is described`() async throws {
        let fake = try await FakeAWS.start()
        try await boto(
            fake,
            """
            disk = snapshot({0: block(0)})
            tags = [{"ResourceType": "image", "Tags": [{"Key": "x", "Value": "y"}]}]
            asked = registration(disk, "web-1", BootMode="uefi", TpmSupport="v2.0", ImdsSupport="v2.0",
                                 TagSpecifications=tags, Description="a & b")
            refused("DryRunOperation", ec2.register_image, DryRun=True, **asked)
            image = ec2.register_image(**asked)["ImageId"]
            refused("InvalidAMIName.Duplicate", ec2.register_image, **asked)
            found, = ec2.describe_images(ImageIds=[image])["Images"]
            for name in ("Name", "Architecture", "VirtualizationType", "EnaSupport", "BootMode", "TpmSupport",
                         "ImdsSupport", "Description", "RootDeviceName"):
                assert found[name] == asked[name], name
            assert found["State"] == "available" and found["Tags"] == tags[0]["Tags"]
            device = found["BlockDeviceMappings"][0]["Ebs"]
            assert device["SnapshotId"] == disk and device["VolumeSize"] == 1 and device["Iops"] == 3000, device
            # What is not said.
            bare = ec2.register_image(Name="bare", RootDeviceName="/dev/xvda",
                BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": disk}}])["ImageId"]
            found, = ec2.describe_images(ImageIds=[bare])["Images"]
            assert (found["Architecture"], found["VirtualizationType"]) == ("i386", "paravirtual")
            assert "EnaSupport" not in found and found["BlockDeviceMappings"][0]["Ebs"]["VolumeType"] == "gp2"
            """
        )
        #expect(fake.images("eu-west-1").map(\.name) == ["web-1", "bare"])
        #expect(fake.images("eu-west-1").first?.tags == ["x": "y"])
        #expect(
            fake.lines(onlyChanges: true) == [
                "ebs:StartSnapshot", "ebs:PutSnapshotBlock", "ebs:CompleteSnapshot", "ec2:RegisterImage",
                "ec2:RegisterImage", "ec2:RegisterImage",
            ]
        )
    }

    @Test func `refuses images that cannot be`() async throws {
        let fake = try await FakeAWS.start(accounts: [.first, .second])
        try await boto(
            fake,
            """
            disk = snapshot({}, size=2)
            pending = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
            def wrong(code, **others):
                refused(code, ec2.register_image, **registration(disk, "web", **others))
            def mapping(**ebs):
                return [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": disk} | ebs}]
            wrong("InvalidSnapshot.NotFound", BlockDeviceMappings=mapping(SnapshotId="snap-0123456789abcdef0"))
            wrong("InvalidSnapshotID.Malformed", BlockDeviceMappings=mapping(SnapshotId="snap-1"))
            wrong("IncorrectState", BlockDeviceMappings=mapping(SnapshotId=pending))
            wrong("InvalidBlockDeviceMapping", BlockDeviceMappings=mapping(VolumeSize=1))
            wrong("InvalidBlockDeviceMapping", BlockDeviceMappings=mapping(Encrypted=False))
            wrong("InvalidBlockDeviceMapping", BlockDeviceMappings=mapping() * 2)
            wrong("InvalidBlockDeviceMapping", BlockDeviceMappings=[])
            wrong("InvalidBlockDeviceMapping", RootDeviceName="/dev/sda1")
            wrong("InvalidParameterCombination", BlockDeviceMappings=mapping(VolumeType="gp2", Throughput=200))
            wrong("InvalidParameterValue", BlockDeviceMappings=mapping(VolumeType="fast"))
            wrong("InvalidParameterCombination", TpmSupport="v2.0", BootMode="uefi-preferred")
            wrong("InvalidParameterValue", TpmSupport="v2.0", BootMode="uefi", Architecture="arm64")
            wrong("InvalidParameterCombination", VirtualizationType="paravirtual")
            wrong("InvalidParameterValue", Architecture="mips")
            wrong("InvalidParameterValue", BootMode="bios")
            wrong("InvalidParameterValue",
                  TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}])
            wrong("InvalidAMIName.Malformed", Name="web:1")
            # A name that the SDK would not send.
            ec2.meta.events.register("before-call.ec2.RegisterImage", lambda params, **_: params["body"].update(Nmae="x"))
            wrong("UnknownParameter")
            theirs = client("ebs", aws_access_key_id="\(Account.second.accessKeyID)",
                            aws_secret_access_key="\(Account.second.secretAccessKey)")
            refused("AccessDeniedException", theirs.start_snapshot, VolumeSize=2, ParentSnapshotId=disk)
            other = client("ec2", aws_access_key_id="\(Account.second.accessKeyID)",
                           aws_secret_access_key="\(Account.second.secretAccessKey)")
            refused("AuthFailure", other.register_image, **registration(disk, "web"))
            refused("InvalidSnapshot.NotFound", other.describe_snapshots, SnapshotIds=[disk])
            """
        )
        #expect(fake.images("eu-west-1").isEmpty)
    }

    @Test func `copies no more at a time than a region takes`() async throws {
        var behaviour = Behaviour()
        behaviour.snapshotCopies = 2
        behaviour.pendingImagePolls = 1
        let fake = try await FakeAWS.start(behaviour)
        try await boto(
            fake,
            """
            image = ec2.register_image(**registration(snapshot({}), "web"))["ImageId"]
            ec2.describe_images(ImageIds=[image])
            there = client("ec2", "us-east-1")
            def copy(name):
                return dict(Name=name, SourceImageId=image, SourceRegion="eu-west-1")
            copies = [there.copy_image(**copy(name))["ImageId"] for name in ("one", "two")]
            answer = refused("ResourceLimitExceeded", there.copy_image, **copy("three"))
            assert answer["Error"]["Message"].startswith("Too many snapshot copies in progress. The limit is 2 "), answer
            there.describe_images(ImageIds=copies)
            there.copy_image(**copy("three"))
            """
        )
        #expect(fake.images("us-east-1").map(\.name) == ["one", "two", "three"])
    }

    /// Source: Amazon EC2 API Reference, "Ensuring idempotency in Amazon EC2 API requests".
    @Test func `a token of a copy gives the same AMI, whatever became of it, and a name may have several copies`()
        async throws
    {
        let fake = try await FakeAWS.start()
        fake.meanwhile(at: "CopyImage") { $0.behaviour.failingImages = 1 }
        try await boto(
            fake,
            """
            image = ec2.register_image(**registration(snapshot({}), "web"))["ImageId"]
            there = client("ec2", "us-east-1")
            def copy(token):
                return there.copy_image(
                    Name="web", SourceImageId=image, SourceRegion="eu-west-1", ClientToken=token)["ImageId"]
            first = copy("0")
            assert there.describe_images(ImageIds=[first])["Images"][0]["State"] == "failed"
            assert copy("0") == first
            second = copy("1")
            assert second != first
            assert there.describe_images(ImageIds=[second])["Images"][0]["State"] == "available"
            there.deregister_image(ImageId=second)
            assert copy("1") == second
            refused("InvalidAMIID.Unavailable", there.describe_images, ImageIds=[second])
            """
        )
        #expect(fake.images("us-east-1").count == 1)
    }

    @Test func `finds, shares, tags, copies and removes`() async throws {
        let fake = try await FakeAWS.start(accounts: [.first, .second])
        try await boto(
            fake,
            """
            disk = snapshot({3: block(3)})
            images = [ec2.register_image(**registration(disk, f"web-{n}"))["ImageId"] for n in range(7)]
            mine = lambda **others: ec2.describe_images(Owners=["self"], **others)
            named = lambda value: [{"Name": "name", "Values": [value]}]
            assert len(mine(Filters=named("web-?"))["Images"]) == 7
            assert not mine(Filters=named("web-\\\\?"))["Images"]
            assert not mine(Filters=named("eb-*"))["Images"]
            page = mine(MaxResults=5)
            rest = mine(MaxResults=5, NextToken=page["NextToken"])
            assert [i["ImageId"] for i in page["Images"] + rest["Images"]] == images
            refused("InvalidParameterValue", mine, Filters=[{"Name": "color", "Values": ["red"]}])
            refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=["ami-0123456789abcdef0"])
            refused("InvalidAMIID.Malformed", ec2.describe_images, ImageIds=["ami-web"])
            image = images[0]
            ec2.create_tags(Resources=[image, disk], Tags=[{"Key": "n", "Value": "1"}])
            refused("InvalidAMIID.NotFound", ec2.create_tags, Resources=[disk, "ami-0123456789abcdef0"],
                    Tags=[{"Key": "m", "Value": "1"}])
            assert len(ec2.describe_tags(Filters=[{"Name": "key", "Values": ["n"]}])["Tags"]) == 2
            assert len(mine(Filters=[{"Name": "tag:n", "Values": ["1"]}])["Images"]) == 1

            other = client("ec2", aws_access_key_id="\(Account.second.accessKeyID)",
                           aws_secret_access_key="\(Account.second.secretAccessKey)")
            refused("AuthFailure", other.describe_images, ImageIds=[image])
            organization = "arn:aws:organizations::111122223333:organization/o-abc"
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={
                "Add": [{"UserId": "444455556666"}, {"OrganizationArn": organization}]})
            ec2.modify_image_attribute(ImageId=image, Attribute="launchPermission", OperationType="add",
                                       UserIds=["777788889999"])
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [{"UserId": "777788889999"}]})
            shared = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]
            assert shared == [{"UserId": "444455556666"}, {"OrganizationArn": organization}], shared
            refused("InvalidAMIAttributeItemValue", ec2.modify_image_attribute, ImageId=image,
                    LaunchPermission={"Add": [{"UserId": "12"}]})
            refused("OperationNotPermitted", ec2.modify_image_attribute, ImageId=image,
                    LaunchPermission={"Add": [{"Group": "all"}]})
            assert "Tags" not in other.describe_images(ImageIds=[image])["Images"][0]
            refused("AuthFailure", other.deregister_image, ImageId=image)

            theirs = client("ec2", "us-east-1", aws_access_key_id="\(Account.second.accessKeyID)",
                            aws_secret_access_key="\(Account.second.secretAccessKey)")
            copy = dict(Name="web", SourceImageId=image, SourceRegion="eu-west-1", ClientToken="c")
            refused("InvalidRequest", theirs.copy_image, **copy)
            ec2.modify_snapshot_attribute(SnapshotId=disk, Attribute="createVolumePermission", OperationType="add",
                                          UserIds=["444455556666"])
            copied = theirs.copy_image(**copy)["ImageId"]
            assert theirs.copy_image(**copy)["ImageId"] == copied
            refused("IdempotentParameterMismatch", theirs.copy_image, **copy | {"Name": "other"})

            ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2034-01-01T00:00:00Z")
            assert mine()["Images"][0]["DeprecationTime"] == "2034-01-01T00:00:00.000Z"
            refused("InvalidParameterValue", ec2.enable_image_deprecation, ImageId=image,
                    DeprecateAt="2020-01-01T00:00:00Z")
            refused("InvalidSnapshot.InUse", ec2.delete_snapshot, SnapshotId=disk)
            for image in images[1:]:
                ec2.deregister_image(ImageId=image)
            result = ec2.deregister_image(ImageId=images[0], DeleteAssociatedSnapshots=True)
            assert result["DeleteSnapshotResults"] == [{"SnapshotId": disk, "ReturnCode": "success"}], result
            refused("InvalidAMIID.Unavailable", ec2.deregister_image, ImageId=images[0])
            refused("InvalidSnapshot.NotFound", ec2.describe_snapshots, SnapshotIds=[disk])
            """
        )
        #expect(fake.images("eu-west-1").isEmpty && fake.snapshots("eu-west-1").isEmpty)
        let copy = try #require(fake.images("us-east-1", of: .second).first)
        #expect(copy.sourceRegion == "eu-west-1")
        #expect(copy.devices.compactMap(\.snapshot).compactMap { fake.snapshot($0)?.content.keys.sorted() } == [[3]])
    }
}
