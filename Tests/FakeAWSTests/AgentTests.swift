import FakeAWS
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Agents in instances of the fake, with boto3", .enabled(if: canRunMachines, "needs busybox and namespaces"))
struct AgentTests {
    @Test func `refuses commands that nobody can take`() async throws {
        let machine = try smallMachine()
        let fake = try await FakeAWS.start()
        let image = fake.addImage(name: "small", root: machine.path)
        let bare = fake.addImage(name: "bare")
        let lonely = fake.addNetwork(.none, endpoints: ["ssm", "ec2messages"])
        let hidden = fake.addNetwork(.internetGateway, mapsPublicAddresses: false)
        let served = fake.addNetwork(.none, endpoints: ["ssm", "ssmmessages", "ec2messages"])
        fake.add(InstanceProfile("weak", role: "weak", policies: ["arn:aws:iam::aws:policy/ReadOnlyAccess"]))
        try await boto(
            fake,
            """
            image, bare, lonely, private, served = os.environ["IDS"].split()
            ssm = client("ssm")
            # No network, no rights, no agent.
            instances = [launch(image, SubnetId=lonely), launch(image, SubnetId=private), launch(bare),
                         launch(image, IamInstanceProfile={"Name": "weak"})]
            good = [launch(image), launch(image, SubnetId=served),
                    launch(image, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": private,
                                                      "AssociatePublicIpAddress": True}])]
            for instance in instances + good:
                reach(instance, "running")
            listed = ssm.describe_instance_information()["InstanceInformationList"]
            assert [i["InstanceId"] for i in listed] == good, listed
            for instance in instances:
                refused("InvalidInstanceId", send, ssm=ssm, instance=instance)
            refused("InvalidFilterKey", ssm.describe_instance_information, Filters=[{"Key": "x", "Values": ["y"]}])
            refused("InvalidInstanceInformationFilterValue", ssm.describe_instance_information,
                    Filters=[{"Key": "InstanceIds", "Values": ["web"]}])
            refused("ValidationException", ssm.describe_instance_information, MaxResults=4)

            sent = dict(InstanceIds=good[:1], DocumentName="AWS-RunShellScript", Parameters={"commands": ["true"]})
            wrong = lambda code, **others: refused(code, ssm.send_command, **sent | others)
            wrong("ValidationException", InstanceIds=["web"])
            wrong("InvalidInstanceId", InstanceIds=["i-0123456789abcdef0"])
            wrong("InvalidInstanceId", InstanceIds=[])
            wrong("DuplicateInstanceId", InstanceIds=good[:1] * 2)
            wrong("InvalidDocument", DocumentName="AWS-RunAnything")
            wrong("InvalidParameters", Parameters={})
            wrong("InvalidParameters", Parameters={"commands": ["true"], "color": ["red"]})
            wrong("InvalidParameters", Parameters={"commands": ["true"], "executionTimeout": ["172801"]})
            wrong("ValidationException", TimeoutSeconds=29)
            wrong("ValidationException", Comment="x" * 101)
            command = send(ssm, good[0])
            found = outcome(ssm, good[0], command)
            assert found["Status"] == "Success" and found["StandardOutputContent"] == "", found
            look = lambda code, **others: refused(code, ssm.get_command_invocation,
                                                  **dict(CommandId=command, InstanceId=good[0]) | others)
            look("InvocationDoesNotExist", InstanceId=good[1])
            look("InvocationDoesNotExist", CommandId="c" * 36)
            look("InvalidPluginName", PluginName="aws:runPowerShellScript")
            look("ValidationException", CommandId="c")
            refused("InvalidCommandId", ssm.cancel_command, CommandId="c" * 36)
            refused("InvalidInstanceId", ssm.cancel_command, CommandId=command, InstanceIds=good[1:2])
            ssm.cancel_command(CommandId=command)
            assert ssm.list_commands(CommandId=command)["Commands"][0]["Status"] == "Success"
            assert not ssm.list_commands(InstanceId=good[1])["Commands"]
            """,
            environment: ["IDS": "\(image) \(bare) \(lonely.subnet) \(hidden.subnet) \(served.subnet)"]
        )
    }

    @Test func `runs commands as an agent does`() async throws {
        let machine = try smallMachine()
        let fake = try await FakeAWS.start()
        let image = fake.addImage(name: "small", root: machine.path)
        fake.addBucket("logs")
        fake.behaviour.lostAgentPolls = 1
        try await boto(
            fake,
            #"""
            ssm, s3 = client("ssm"), client("s3")
            instance = launch(os.environ["IMAGE"])
            online(ssm, instance)
            run = lambda *lines, **others: outcome(ssm, instance, send(ssm, instance, *lines, **others))
            found = run("echo a; exit 7", OutputS3BucketName="nobodys")
            assert (found["Status"], found["ResponseCode"]) == ("Failed", 7), found
            assert found["StandardOutputContent"] == "a\n", found
            # Each for itself, with no input and in the folder that was asked for.
            found = run("pwd; cat; ps | grep -c sh; echo $HOME.", Parameters={"workingDirectory": ["/etc"]})
            said = found["StandardOutputContent"]
            assert said.startswith("/etc\n") and said.endswith("\n.\n"), said
            assert run("pwd", Parameters={"workingDirectory": ["/none"]})["Status"] == "Failed"
            # All of it is in S3 only.
            command = send(ssm, instance, "yes 1234567890é | head -c 100000; yes err | head -c 10000 >&2",
                           OutputS3BucketName="logs")
            found = outcome(ssm, instance, command)
            assert len(found["StandardOutputContent"]) == 24000 and len(found["StandardErrorContent"]) == 8000
            place = f"{command}/{instance}/awsrunShellScript/0.awsrunShellScript/"
            assert len(s3.get_object(Bucket="logs", Key=place + "stdout")["Body"].read()) == 100000
            # What asks for a reboot for ever is given up.
            command = send(ssm, instance, "echo x; exit 194")
            while ssm.get_command_invocation(CommandId=command, InstanceId=instance)["Status"] == "InProgress":
                pass
            found = outcome(ssm, instance, command)
            assert (found["Status"], found["ResponseCode"]) == ("Failed", 194), found
            assert found["StandardOutputContent"] == "x\n" * 15, found
            filters = [{"Key": "InstanceIds", "Values": [instance]}]
            look = lambda: ssm.describe_instance_information(Filters=filters)["InstanceInformationList"][0]
            assert [look()["PingStatus"], look()["PingStatus"]] == ["ConnectionLost", "Online"]
            # What is cancelled ends.
            command = send(ssm, instance, "echo begun; sleep 3600")
            assert ssm.get_command_invocation(CommandId=command, InstanceId=instance)["Status"] == "InProgress"
            ssm.cancel_command(CommandId=command)
            assert outcome(ssm, instance, command)["Status"] == "Cancelled"
            """#,
            environment: ["IMAGE": image]
        )
    }

    @Test func `loses commands of instances that go away, and of which time is up`() async throws {
        let machine = try smallMachine()
        let fake = try await FakeAWS.start()
        let image = fake.addImage(name: "small", root: machine.path)
        fake.add(Fault(.broken, at: "SendCommand"))
        fake.add(Fault(.lost, at: "SendCommand", nth: 2))
        let ids = try await boto(
            fake,
            """
            ssm = client("ssm")
            instances = [launch(os.environ["IMAGE"]) for _ in range(2)]
            commands = []
            # An answer is lost: only a list says whether the command is there.
            from botocore.exceptions import HTTPClientError, ResponseStreamingError
            online(ssm, instances[0])
            for count in (0, 1):
                try:
                    send(ssm, instances[0], "true", Comment="lost")
                    raise AssertionError("it was answered")
                except (HTTPClientError, ResponseStreamingError):
                    listed = ssm.list_commands(InstanceId=instances[0])["Commands"]
                    assert [c["Comment"] for c in listed] == ["lost"] * count, listed
            for instance in instances:
                online(ssm, instance)
                commands.append(send(ssm, instance, "sleep 3600", Parameters={"executionTimeout": ["600"]}))
            print(*instances, *commands, end="")
            """,
            environment: ["IMAGE": image]
        ).split(separator: " ").map(String.init)
        try #require(ids.count == 4)
        fake.shutDown(ids[0])
        let look = """
            ssm = client("ssm")
            instances, commands = os.environ["IDS"].split()[:2], os.environ["IDS"].split()[2:]
            found = [ssm.get_command_invocation(CommandId=c, InstanceId=i) for i, c in zip(instances, commands)]
            details = [(f["Status"], f["StatusDetails"]) for f in found]

            """
        let environment = ["IDS": ids.joined(separator: " ")]
        try await boto(
            fake,
            look + """
                reach(instances[0], "stopped")
                assert details == [("InProgress", "InProgress")] * 2, details
                """,
            environment: environment
        )
        fake.clock.advance(seconds: 601)
        let timedOut = "assert details == [('TimedOut', 'ExecutionTimedOut')] * 2, details"
        try await boto(fake, look + timedOut, environment: environment)
        fake.behaviour.commandsStay = true
        let command = try await boto(
            fake,
            "print(send(client('ssm'), os.environ['INSTANCE'], TimeoutSeconds=30), end='')",
            environment: ["INSTANCE": ids[1]]
        )
        fake.clock.advance(seconds: 31)
        try await boto(
            fake,
            """
            found = client("ssm").get_command_invocation(CommandId=os.environ["COMMAND"],
                                                         InstanceId=os.environ["INSTANCE"])
            assert (found["Status"], found["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut"), found
            """,
            environment: ["INSTANCE": ids[1], "COMMAND": command]
        )
    }

    @Test func `says what it cannot copy`() async throws {
        let fake = try await FakeAWS.start()
        let image = fake.addImage(name: "gone", root: "/nonexistent/tree")
        try await boto(
            fake,
            """
            instance = launch(os.environ["IMAGE"])
            try:
                reach(instance, "running")
                raise AssertionError("it runs")
            except ClientError as error:
                assert "The fake cannot copy the files of i-" in str(error) and "/nonexistent/tree" in str(error), error
            """,
            environment: ["IMAGE": image]
        )
    }
}
