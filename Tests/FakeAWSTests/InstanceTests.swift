import FakeAWS
import Testing

@Suite("The fake's instances, with boto3") struct InstanceTests {
    @Test func `starts what may be started, and the same once`() async throws {
        let fake = try await FakeAWS.start(accounts: [.first, .second])
        let image = fake.addImage(name: "debian-12-amd64", owner: "136693071363", size: 8)
        let arm = fake.addImage(name: "debian-12-arm64", owner: "136693071363", architecture: "arm64")
        let theirs = fake.addImage(name: "secret", owner: "136693071363", isPublic: false)
        let network = fake.addNetwork(.natGateway)
        fake.behaviour.pendingInstancePolls = 1
        try await boto(
            fake,
            """
            image, arm, theirs, subnet, group = os.environ["IDS"].split()
            wrong = lambda code, image=image, **others: refused(code, launch, image=image, **others)
            wrong("InvalidAMIID.NotFound", image="ami-0123456789abcdef0")
            wrong("InvalidAMIID.Malformed", image="debian")
            wrong("AuthFailure", image=theirs)
            wrong("InvalidParameterValue", InstanceType="m7i.huge")
            wrong("InvalidParameterValue", image=arm)
            wrong("InvalidParameterValue", InstanceType="m7g.large")
            wrong("InvalidParameterValue", MinCount=2)
            wrong("InvalidParameterValue", IamInstanceProfile={"Name": "other"})
            wrong("InvalidParameterValue", IamInstanceProfile={"Arn": "arn:aws:iam::111122223333:instance-profile/x"})
            wrong("InvalidSubnetID.NotFound", SubnetId="subnet-0123456789abcdef0")
            wrong("InvalidGroup.NotFound", SecurityGroupIds=["sg-0123456789abcdef0"])
            wrong("InvalidParameter", SecurityGroupIds=[group])
            wrong("InvalidParameterCombination", SubnetId=subnet, NetworkInterfaces=[{"DeviceIndex": 0}])
            wrong("InvalidParameterValue", InstanceInitiatedShutdownBehavior="hibernate")
            wrong("InvalidParameterCombination", InstanceMarketOptions={"MarketType": "spot", "SpotOptions": {
                "InstanceInterruptionBehavior": "stop"}})
            wrong("InvalidParameterValue", MetadataOptions={"HttpPutResponseHopLimit": 65})
            wrong("InvalidParameterValue", UserData="a" * 16385)
            wrong("InvalidParameterValue", TagSpecifications=[{"ResourceType": "image", "Tags": []}])
            device = lambda **ebs: [{"DeviceName": "/dev/xvda", "Ebs": ebs}]
            wrong("InvalidBlockDeviceMapping", BlockDeviceMappings=device(VolumeSize=7))
            wrong("InvalidParameterCombination", BlockDeviceMappings=device(VolumeType="gp2", Throughput=200))
            wrong("MissingParameter", BlockDeviceMappings=[{"DeviceName": "/dev/xvdb", "Ebs": {"VolumeType": "gp3"}}])
            wrong("InvalidParameterValue", Placement={"AvailabilityZone": "eu-west-1z"})
            wrong("DryRunOperation", DryRun=True)
            raw = client("ec2")
            raw.meta.events.register("before-call.ec2.RunInstances",
                                     lambda params, **_: params["body"].update(UserData="not base64"))
            refused("InvalidParameterValue", raw.run_instances, ImageId=image, InstanceType="m7i.large", MinCount=1,
                    MaxCount=1)

            asked = dict(ClientToken="once", SubnetId=subnet, SecurityGroupIds=[group], UserData="#!/bin/sh",
                         MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
                         BlockDeviceMappings=device(VolumeSize=20), InstanceMarketOptions={"MarketType": "spot"},
                         TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}])
            instance = launch(image, **asked)
            assert launch(image, **asked) == instance
            wrong("IdempotentParameterMismatch", **asked | {"UserData": "#!/bin/bash"})
            found, = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
            assert found["State"] == {"Code": 0, "Name": "pending"} and found["InstanceLifecycle"] == "spot", found
            assert found["SubnetId"] == subnet and found["SecurityGroups"][0]["GroupId"] == group, found
            assert found["IamInstanceProfile"]["Arn"].endswith("/builder") and found["ClientToken"] == "once", found
            assert found["MetadataOptions"]["HttpTokens"] == "required" and found["Tags"][0]["Value"] == "b", found
            assert reach(instance, "running") == [] and launch(image, **asked) == instance
            refused("UnsupportedOperation", ec2.stop_instances, InstanceIds=[instance])

            def found(**filters):
                filters = [{"Name": k.replace("_", "-").replace("--", ":"), "Values": [v]} for k, v in filters.items()]
                pages = ec2.get_paginator("describe_instances").paginate(Filters=filters, PaginationConfig={
                    "PageSize": 5})
                return [i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"]]
            many = ec2.run_instances(ImageId=arm, InstanceType="m7g.large", MinCount=1, MaxCount=6)["Instances"]
            assert len(found()) == 7 and len(found(instance_type="m7g.large")) == 6
            assert found(tag__a="b") == [instance] == found(instance_lifecycle="spot")
            ec2.terminate_instances(InstanceIds=[i["InstanceId"] for i in many])
            assert len(found(instance_state_name="terminated")) == 6
            refused("IncorrectInstanceState", ec2.stop_instances, InstanceIds=[many[0]["InstanceId"]])
            refused("InvalidInstanceID.NotFound", ec2.terminate_instances, InstanceIds=["i-0123456789abcdef0"])
            refused("InvalidInstanceID.Malformed", ec2.describe_instances, InstanceIds=["web"])
            refused("InvalidParameterValue", ec2.describe_instances, Filters=[{"Name": "color", "Values": ["red"]}])
            other = client("ec2", aws_access_key_id="\(Account.second.accessKeyID)",
                           aws_secret_access_key="\(Account.second.secretAccessKey)")
            refused("InvalidInstanceID.NotFound", other.terminate_instances, InstanceIds=[instance])
            ec2.create_tags(Resources=[instance], Tags=[{"Key": "c", "Value": "d"}])
            assert found(tag__c="d") == [instance]

            refused("InvalidAMIName.Malformed", ec2.create_image, InstanceId=instance, Name="web:1")
            baked = ec2.create_image(InstanceId=instance, Name="web")["ImageId"]
            ec2.copy_image(Name="copy", SourceImageId=baked, SourceRegion="eu-west-1")
            ec2.deregister_image(ImageId=baked, DeleteAssociatedSnapshots=True)
            """,
            environment: ["IDS": "\(image) \(arm) \(theirs) \(network.subnet) \(network.group)"]
        )
        let first = try #require(fake.instances("eu-west-1").first)
        #expect(first.isSpot && first.state == .running && first.devices.first?.size == 20)
        #expect(first.userData == "IyEvYmluL3No")
        // What was refused began nothing.
        #expect(fake.instances("eu-west-1").count == 7)
    }

    @Test func `has no capacity, and policies that forbid`() async throws {
        var behaviour = Behaviour()
        behaviour.exhausted = ["m7i.large", "spot:m7i.xlarge", "spot:c7i.large"]
        behaviour.unoffered = ["m8i.large"]
        behaviour.requiredTags = ["owner"]
        let fake = try await FakeAWS.start(behaviour)
        let image = fake.addImage(name: "debian-12-amd64")
        try await boto(
            fake,
            """
            image = os.environ["IMAGE"]
            specified = [{"ResourceType": kind, "Tags": [{"Key": "owner", "Value": "me"}]}
                         for kind in ("instance", "volume", "network-interface", "image", "snapshot")]
            tagged = dict(TagSpecifications=specified[:3])
            spot = dict(InstanceMarketOptions={"MarketType": "spot"})
            answer = refused("InsufficientInstanceCapacity", launch, image=image, **tagged)
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 500
            refused("InsufficientInstanceCapacity", launch, image=image, InstanceType="m7i.xlarge", **tagged, **spot)
            refused("Unsupported", launch, image=image, InstanceType="m8i.large", **tagged)
            offered = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=[
                {"Name": "instance-type", "Values": ["m8i.large", "m7i.xlarge"]}])["InstanceTypeOfferings"]
            assert [(o["InstanceType"], o["Location"]) for o in offered] == [("m7i.xlarge", "eu-west-1a")], offered
            instance = launch(image, InstanceType="m7i.xlarge", **tagged)
            refused("UnauthorizedOperation", launch, image=image, InstanceType="m7i.xlarge",
                    TagSpecifications=specified[:1])
            ec2.describe_instances()
            ec2.stop_instances(InstanceIds=[instance])
            refused("UnauthorizedOperation", ec2.create_image, InstanceId=instance, Name="web",
                    TagSpecifications=specified[3:4])
            ec2.create_image(InstanceId=instance, Name="web", TagSpecifications=specified[3:])
            """,
            environment: ["IMAGE": image]
        )
        fake.behaviour.denied = ["iam:PassRole"]
        try await boto(
            fake,
            """
            tagged = [{"ResourceType": kind, "Tags": [{"Key": "owner", "Value": "me"}]}
                      for kind in ("instance", "volume", "network-interface")]
            answer = refused("UnauthorizedOperation", launch, image=os.environ["IMAGE"], InstanceType="m7i.xlarge",
                             TagSpecifications=tagged)
            assert "PassRole" in str(answer), answer
            """,
            environment: ["IMAGE": image]
        )
    }

    @Test func `shuts down from within, and is taken away`() async throws {
        let fake = try await FakeAWS.start()
        let image = fake.addImage(name: "debian-12-amd64")
        let ids = try await boto(
            fake,
            """
            ends = launch(os.environ["IMAGE"], InstanceInitiatedShutdownBehavior="terminate")
            stops = launch(os.environ["IMAGE"])
            spot = launch(os.environ["IMAGE"], InstanceMarketOptions={"MarketType": "spot"})
            for instance in (ends, stops, spot):
                reach(instance, "running")
            print(ends, stops, spot, end="")
            """,
            environment: ["IMAGE": image]
        ).split(separator: " ").map(String.init)
        try #require(ids.count == 3)
        fake.shutDown(ids[0])
        fake.shutDown(ids[1])
        fake.interrupt(ids[2])
        #expect(ids.map { fake.instance($0)?.state } == [.terminated, .stopped, .terminated])
        try await boto(
            fake,
            """
            reasons = [ec2.describe_instances(InstanceIds=[i])["Reservations"][0]["Instances"][0]["StateReason"]["Code"]
                       for i in os.environ["IDS"].split()]
            assert reasons == ["Client.InstanceInitiatedShutdown"] * 2 + ["Server.SpotInstanceTermination"], reasons
            """,
            environment: ["IDS": ids.joined(separator: " ")]
        )
    }

    @Test func `lets instances and images fail`() async throws {
        var behaviour = Behaviour()
        behaviour.failingInstances = 1
        behaviour.failingImages = 1
        behaviour.pendingImagePolls = 1
        let fake = try await FakeAWS.start(behaviour)
        let image = fake.addImage(name: "debian-12-amd64")
        try await boto(
            fake,
            """
            instance = launch(os.environ["IMAGE"])
            assert reach(instance, "terminated") == []
            found, = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
            assert found["StateReason"]["Code"] == "Server.InternalError", found
            instance = launch(os.environ["IMAGE"])
            reach(instance, "running")
            image = ec2.create_image(InstanceId=instance, Name="web")["ImageId"]
            seen = [ec2.describe_images(ImageIds=[image])["Images"][0] for _ in range(3)]
            assert [i["State"] for i in seen] == ["pending", "failed", "failed"], seen
            assert seen[1]["StateReason"]["Code"], seen
            refused("InvalidAMIID.Unavailable", launch, image=image)
            """,
            environment: ["IMAGE": image]
        )
    }

    @Test func `loses answers of calls that were carried out`() async throws {
        let fake = try await FakeAWS.start()
        let image = fake.addImage(name: "debian-12-amd64")
        fake.add(Fault(.lost, at: "RunInstances"))
        fake.add(Fault(.broken, at: "RunInstances", nth: 2))
        fake.add(Fault(.lost, at: "TerminateInstances"))
        try await boto(
            fake,
            """
            from botocore.exceptions import HTTPClientError, ResponseStreamingError
            def lost(call, **parameters):
                try:
                    call(**parameters)
                    raise AssertionError("it was answered")
                except (HTTPClientError, ResponseStreamingError):
                    pass
            lost(launch, image=os.environ["IMAGE"], ClientToken="once")
            lost(launch, image=os.environ["IMAGE"], ClientToken="once")
            instance = launch(os.environ["IMAGE"], ClientToken="once")
            lost(ec2.terminate_instances, InstanceIds=[instance])
            reach(instance, "terminated")
            ec2.terminate_instances(InstanceIds=[instance])
            """,
            environment: ["IMAGE": image]
        )
        #expect(fake.instances("eu-west-1").map(\.state) == [.terminated])
    }

    @Test func `volumes have the size and the key of the launch, and images what volumes have`() async throws {
        let fake = try await FakeAWS.start()
        fake.setKey(Key("00000000-0000-4000-8000-000000000001", aliases: ["alias/own"]))
        let image = fake.addImage(name: "small", owner: "136693071363")
        try await boto(
            fake,
            """
            def mapping(**ebs):
                return [{"DeviceName": "/dev/xvda", "Ebs": ebs}]
            key = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"
            start = dict(ImageId="\(image)", InstanceType="t3.small", MinCount=1, MaxCount=1)
            refused("InvalidParameterDependency", ec2.run_instances, **start, BlockDeviceMappings=mapping(KmsKeyId=key))
            refused("InvalidKmsKeyId.NotFound", ec2.run_instances, **start,
                    BlockDeviceMappings=mapping(Encrypted=True, KmsKeyId="alias/none"))
            refused("InvalidBlockDeviceMapping", ec2.run_instances, **start, BlockDeviceMappings=mapping(VolumeSize=7))
            def snapshot_of(name, **ebs):
                machine = ec2.run_instances(**start, BlockDeviceMappings=mapping(**ebs))["Instances"][0]["InstanceId"]
                reach(machine, "running")
                made = ec2.create_image(InstanceId=machine, Name=name)["ImageId"]
                found, = ec2.describe_images(ImageIds=[made])["Images"]
                disk = found["BlockDeviceMappings"][0]["Ebs"]
                return disk, ec2.describe_snapshots(SnapshotIds=[disk["SnapshotId"]])["Snapshots"][0]
            disk, made = snapshot_of("own", VolumeSize=9, Encrypted=True, KmsKeyId="alias/own")
            assert disk["VolumeSize"] == made["VolumeSize"] == 9 and made["KmsKeyId"] == key, made
            disk, made = snapshot_of("plain", VolumeSize=8)
            assert not disk["Encrypted"] and "KmsKeyId" not in made, made
            disk, made = snapshot_of("default", Encrypted=True)
            assert made["Encrypted"] and made["KmsKeyId"] != key, made
            """
        )
    }
}
