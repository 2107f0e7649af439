import FakeAWS
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Baking on an instance of the fake, with boto3", .enabled(if: canRunMachines, "needs busybox and namespaces"))
struct BakeTests {
    @Test func `bakes an image`() async throws {
        let machine = try smallMachine()
        var behaviour = Behaviour()
        behaviour.unknownInstanceRequests = 1
        behaviour.pendingInstancePolls = 2
        behaviour.stoppingInstancePolls = 1
        behaviour.endingInstancePolls = 1
        behaviour.unstoppedImageRequests = 1
        behaviour.unknownAgentPolls = 2
        behaviour.unknownInvocationRequests = 1
        behaviour.pendingInvocationPolls = 2
        behaviour.pendingImagePolls = 1
        let fake = try await FakeAWS.start(behaviour)
        let base = fake.addImage(name: "debian-12-amd64", owner: "136693071363", root: machine.path)
        fake.addBucket("bakes")
        let ids = try await boto(
            fake,
            #"""
            ssm, s3 = client("ssm"), client("s3")
            data = base64.b64encode(b"#!/bin/sh\nshutdown -h +60\n").decode()
            instance = launch(os.environ["BASE"], UserData=data, InstanceInitiatedShutdownBehavior="terminate",
                              MetadataOptions={"HttpTokens": "required"}, TagSpecifications=[
                                  {"ResourceType": "instance", "Tags": [{"Key": "bake", "Value": "1"}]},
                                  {"ResourceType": "volume", "Tags": [{"Key": "bake", "Value": "1"}]}])
            refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=[instance])
            refused("IncorrectInstanceState", ec2.stop_instances, InstanceIds=[instance])
            refused("InvalidInstanceId", send, ssm=ssm, instance=instance)
            seen = reach(instance, "running")
            assert len(seen) >= 2 and set(seen) == {"pending"}, seen
            filters = [{"Key": "InstanceIds", "Values": [instance]}]
            known = lambda: ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]
            assert not known() and not known()
            refused("InvalidInstanceId", ssm.send_command, InstanceIds=["i-0123456789abcdef0"],
                    DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]})
            assert known()[0]["PingStatus"] == "Online"

            s3.put_object(Bucket="bakes", Key="bundles/a b+c.txt", Body=b"from outside\n")
            url = s3.generate_presigned_url("get_object", Params=dict(Bucket="bakes", Key="bundles/a b+c.txt"),
                                            ExpiresIn=600)
            command = send(ssm, instance,
                "echo once >> /etc/starts",
                f"wget -q -O /etc/bundle '{url}' || exit 9",
                "echo kept > /run/kept; echo out $AWS_SSM_INSTANCE_ID $(id -u) $PWD; echo err >&2",
                "case $(cat /etc/starts) in *once*once*) test ! -e /run/old;; *) echo x > /run/old; exit 194;; esac",
                OutputS3BucketName="bakes", OutputS3KeyPrefix="logs", TimeoutSeconds=60)
            refused("InvocationDoesNotExist", ssm.get_command_invocation, CommandId=command, InstanceId=instance)
            assert ssm.get_command_invocation(CommandId=command, InstanceId=instance)["Status"] == "Pending"
            done = outcome(ssm, instance, command)
            assert done["Status"] == "Success" and done["ResponseCode"] == 0, done
            assert done["StandardOutputContent"] == f"out {instance} 0 /\n" * 2, done
            assert done["StandardErrorContent"] == "err\n" * 2, done
            place = f"logs/{command}/{instance}/awsrunShellScript/0.awsrunShellScript/"
            listed = s3.list_objects_v2(Bucket="bakes", Prefix="logs/")["Contents"]
            assert [o["Key"] for o in listed] == [place + "stderr", place + "stdout"], listed
            assert s3.get_object(Bucket="bakes", Key=place + "stderr")["Body"].read() == b"err\n" * 2

            ec2.stop_instances(InstanceIds=[instance])
            assert reach(instance, "stopped") == ["stopping"]
            refused("InvalidInstanceId", send, ssm=ssm, instance=instance)
            asked = dict(InstanceId=instance, Name="web-1", Description="a bake", TagSpecifications=[
                {"ResourceType": kind, "Tags": [{"Key": "bake", "Value": kind}]} for kind in ("image", "snapshot")])
            refused("InvalidParameterValue", ec2.create_image, **asked)
            image = ec2.create_image(**asked)["ImageId"]
            refused("InvalidAMIName.Duplicate", ec2.create_image, **asked)
            change, = ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
            assert change["PreviousState"]["Name"] == "stopped" and change["CurrentState"]["Name"] == "shutting-down"
            assert reach(instance, "terminated") == ["shutting-down"]
            change, = ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"]
            assert change["PreviousState"]["Name"] == change["CurrentState"]["Name"] == "terminated"
            refused("InvalidParameterValue", ec2.create_image, **asked | {"Name": "web-2"})

            look = lambda: ec2.describe_images(ImageIds=[image])["Images"][0]
            assert look()["State"] == "pending"
            while (found := look())["State"] == "pending":
                pass
            assert found["State"] == "available" and found["Architecture"] == "x86_64" and found["EnaSupport"], found
            assert found["SourceInstanceId"] == instance and found["SourceImageId"] == os.environ["BASE"], found
            assert found["Tags"] == [{"Key": "bake", "Value": "image"}], found
            disk = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
            tags = ec2.describe_snapshots(SnapshotIds=[disk])["Snapshots"][0]["Tags"]
            assert tags == [{"Key": "bake", "Value": "snapshot"}], tags
            print(image, instance, end="")
            """#,
            environment: ["BASE": base]
        ).split(separator: " ").map(String.init)
        try #require(ids.count == 2)
        let tree = try #require(fake.tree(ofImage: ids[0]))
        #expect(try Files.read(tree.appending("etc/bundle")) == Array("from outside\n".utf8))
        #expect(try Files.read(tree.appending("etc/starts")) == Array("once\nonce\n".utf8))
        // What is in memory is in no image, and the base image is as it was.
        #expect(!Files.exists(tree.appending("run/kept")) && !Files.exists(machine.file("etc/bundle")))
        #expect(fake.tree(ofInstance: ids[1]) == nil)
        #expect(fake.instance(ids[1])?.userData?.isEmpty == false)
        #expect(
            fake.lines(onlyChanges: true).filter { !$0.hasPrefix("s3:") } == [
                "ec2:RunInstances", "ec2:StopInstances", "ssm:SendCommand", "ssm:SendCommand", "ssm:SendCommand",
                "ec2:StopInstances", "ssm:SendCommand", "ec2:CreateImage", "ec2:CreateImage", "ec2:CreateImage",
                "ec2:TerminateInstances", "ec2:TerminateInstances", "ec2:CreateImage",
            ]
        )
    }
}
