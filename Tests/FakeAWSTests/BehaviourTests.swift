import FakeAWS
import OCI
import SystemPackage
import TestSupport
import Testing

@Suite("How the fake misbehaves, with boto3") struct BehaviourTests {
    @Test func `is eventually consistent`() async throws {
        var behaviour = Behaviour()
        behaviour.unknownSnapshotRequests = 2
        behaviour.sealingPolls = 2
        behaviour.sealingSeconds = 1000
        behaviour.unknownImageRequests = 1
        behaviour.pendingImagePolls = 2
        behaviour.imagesFlicker = true
        let fake = try await FakeAWS.start(behaviour)
        let disk = try await boto(
            fake,
            """
            disk = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
            refused("ResourceNotFoundException", ebs.put_snapshot_block, **parts(disk, 0, block(0)))
            refused("InvalidSnapshot.NotFound", ec2.describe_snapshots, SnapshotIds=[disk])
            ebs.put_snapshot_block(**parts(disk, 0, block(0)))
            assert ebs.complete_snapshot(SnapshotId=disk, ChangedBlocksCount=1)["Status"] == "pending"
            refused("ValidationException", ebs.put_snapshot_block, **parts(disk, 1, block(0)))
            for _ in range(3):
                assert ec2.describe_snapshots(SnapshotIds=[disk])["Snapshots"][0]["State"] == "pending"
            refused("IncorrectState", ec2.register_image, **registration(disk, "web"))
            print(disk, end="")
            """
        )
        fake.clock.advance(seconds: 1001)
        try await boto(
            fake,
            """
            assert ec2.describe_snapshots(SnapshotIds=["\(disk)"])["Snapshots"][0]["State"] == "completed"
            image = ec2.register_image(**registration("\(disk)", "web"))["ImageId"]
            refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[image])
            seen = [ec2.describe_images(ImageIds=[image])["Images"][0] for _ in range(6)]
            states = [i["State"] for i in seen]
            assert states == ["pending"] * 2 + ["available", "pending", "available", "available"], states
            for found in seen:
                named = "SnapshotId" in found["BlockDeviceMappings"][0]["Ebs"]
                assert named == (found["State"] == "available")
            """
        )
    }

    @Test func `throttles, fails and breaks off`() async throws {
        let fake = try await FakeAWS.start()
        fake.add(Fault(.throttled, at: "DescribeImages"))
        fake.add(Fault(.throttled, at: "StartSnapshot"))
        fake.add(Fault(.throttled, at: "GetCallerIdentity"))
        fake.add(Fault(.failing(500), at: "DescribeImages", nth: 2))
        fake.add(Fault(.failing(503), at: "DescribeImages", nth: 3))
        fake.add(Fault(.broken, at: "StartSnapshot", nth: 2))
        fake.add(Fault(.lost, at: "StartSnapshot", nth: 3))
        fake.add(Fault(.refused(status: 400, code: "OptInRequired"), at: "DescribeSnapshots"))
        let unread = Fault.Effect.refused(
            status: 400,
            code: "ValidationException",
            message: "Failed to read block data"
        )
        fake.add(Fault(unread, at: "PutSnapshotBlock"))
        fake.add(Fault(.refused(status: 400, code: "ConcurrentLimitExceededException"), at: "PutSnapshotBlock", nth: 2))
        fake.add(Fault(.brokenUpload(after: 1000)))
        try await boto(
            fake,
            """
            from botocore.exceptions import HTTPClientError, ResponseStreamingError
            assert refused("RequestLimitExceeded", ec2.describe_images)["ResponseMetadata"]["HTTPStatusCode"] == 503
            assert refused("RequestThrottledException", ebs.start_snapshot, VolumeSize=1)["Reason"]
            refused("Throttling", sts.get_caller_identity)
            refused("InternalError", ec2.describe_images)
            refused("Unavailable", ec2.describe_images)
            refused("OptInRequired", ec2.describe_snapshots)
            for _ in range(2):
                try:
                    ebs.start_snapshot(VolumeSize=1)
                except (HTTPClientError, ResponseStreamingError):
                    pass
            disk = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
            try:
                ebs.put_snapshot_block(**parts(disk, 0, block(0)))
            except HTTPClientError:
                pass
            answer = refused("ValidationException", ebs.put_snapshot_block, **parts(disk, 1, block(0)))
            assert answer["Error"]["Message"] == "Failed to read block data", answer
            refused("ConcurrentLimitExceededException", ebs.put_snapshot_block, **parts(disk, 1, block(0)))
            ebs.put_snapshot_block(**parts(disk, 1, block(0)))
            """
        )
        // The one whose answer was lost, and the one whose answer came.
        #expect(fake.snapshots("eu-west-1").map { $0.blocks.keys.sorted() } == [[], [1]])
    }

    @Test func `throttles every so many calls`() async throws {
        var behaviour = Behaviour()
        behaviour.throttlesEvery = 3
        behaviour.failsEvery = 4
        let fake = try await FakeAWS.start(behaviour)
        try await boto(
            fake,
            """
            for number in range(1, 13):
                try:
                    sts.get_caller_identity()
                except ClientError as error:
                    print(number, error.response["Error"]["Code"])
            """
        )
        #expect(
            fake.calls.map { $0.error ?? "-" } == [
                "-", "-", "Throttling", "InternalFailure", "-", "Throttling", "-", "InternalFailure", "Throttling", "-",
                "-", "Throttling",
            ]
        )
    }

    @Test func `holds a call until its client is gone`() async throws {
        let fake = try await FakeAWS.start()
        let before = fake.hold(before: "StartSnapshot")
        let after = fake.hold(after: "StartSnapshot", nth: 2)
        try await boto(
            fake,
            """
            from botocore.exceptions import ReadTimeoutError
            config = Config(retries={"max_attempts": 0}, read_timeout=1)
            for _ in range(2):
                try:
                    client("ebs").start_snapshot(VolumeSize=1)
                    raise AssertionError("it was answered")
                except ReadTimeoutError:
                    pass
            """
        )
        #expect(before.call?.operation == "StartSnapshot")
        #expect(after.call?.number == 2)
        // The first call did nothing, and the second one all.
        #expect(fake.snapshots("eu-west-1").count == 1)
    }

    @Test func `writes a log that the models judge`() async throws {
        let fake = try await FakeAWS.start()
        fake.addBucket("logs")
        try await boto(
            fake,
            """
            disk = snapshot({0: block(0)}, Tags=[{"Key": "a", "Value": "b"}])
            image = ec2.register_image(**registration(disk, "web", BootMode="uefi",
                TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "a", "Value": "b"}]}]))["ImageId"]
            ec2.describe_images(ImageIds=[image], Filters=[{"Name": "name", "Values": ["a", "b"]}])
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": "444455556666"}]})
            sts.assume_role(RoleArn="arn:aws:iam::111122223333:role/ovenbird", RoleSessionName="test")
            ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2034-01-01T00:00:00Z")
            client("iam", "us-east-1").list_attached_role_policies(RoleName="builder")
            client("s3").put_object(Bucket="logs", Key="a b", Body=b"content")
            client("s3").delete_objects(Bucket="logs", Delete={"Objects": [{"Key": "a b"}]})
            ec2.describe_instance_type_offerings(Filters=[{"Name": "instance-type", "Values": ["m7i.large"]}])
            ec2.run_instances(ImageId=image, InstanceType="m7i.large", MinCount=1, MaxCount=1, UserData="x")
            refused("InvalidInstanceId", client("ssm").send_command, InstanceIds=["i-0123456789abcdef0"],
                    DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]})
            """
        )
        let folder = try TemporaryFolder()
        let log = folder.file("calls")
        try fake.writeLog(to: log)
        let judge = FilePath(#filePath).removingLastComponent().appending("../../scripts/check-aws-requests")
        let python = try await pythonWithBotocore()
        #expect(
            try await requireTool(python, [judge.string, log.string])
                == "14 calls are valid by the models of botocore\n"
        )
        let wrong: [JSONValue] = [
            .object(["service": "ec2", "operation": "RegisterImage", "parameters": .object(["BootMode": "bios"])]),
            .object(["service": "ec2", "operation": "DescribeImages", "parameters": .object(["ImageId": "ami-1"])]),
            .object(["service": "ec2", "operation": "NoSuchThing", "parameters": .object([:])]),
            .object([
                "service": "ebs", "operation": "StartSnapshot",
                "parameters": .object(["VolumeSize": "1", "ParentSnapshotId": "ami-1", "Timeout": 5]),
            ]),
        ]
        try folder.write(wrong.map { $0.canonicalText + "\n" }.joined(), to: "calls")
        let result = try await runTool(python, [judge.string, log.string])
        #expect(result.status == 1)
        #expect(
            result.text == """
                1: RegisterImage: the parameters: Name is missing
                1: RegisterImage: BootMode: 'bios' is none of legacy-bios, uefi, uefi-preferred
                2: DescribeImages: ImageId: the model has no such member
                3: NoSuchThing: ec2 has no such operation
                4: StartSnapshot: ParentSnapshotId: 'ami-1' does not match ^snap-[0-9a-f]+$
                4: StartSnapshot: Timeout: 5 is not in 10...4320
                4: StartSnapshot: VolumeSize: an integer is expected

                """
        )
    }
}
