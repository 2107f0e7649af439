import FakeAWS
import TestSupport

/// Runs a script with boto3, the AWS SDK for Python, against a fake; gives what it printed.
///
/// The script finds its clients, and helpers for what every script does.
@discardableResult
func boto(
    _ fake: FakeAWS,
    _ script: String,
    environment: [String: String] = [:]
) async throws -> String {
    await turns.take()
    do {
        let text = try await requireTool(
            pythonWithBotocore(),
            ["-c", prelude + script],
            environment: fake.environment().merging(environment) { _, new in new }
        )
        await turns.give()
        return text
    } catch {
        await turns.give()
        throw error
    }
}

private let turns = Turns(2)

/// So many scripts at a time: each begins with a second of work, and all together would keep everybody else from theirs.
private actor Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

private let prelude = """
    import base64, boto3, hashlib, json, os, sys, urllib.error, urllib.request
    from botocore.config import Config
    from botocore.exceptions import ClientError

    # Never anybody's real account, no second attempt that hides what the first was told, and nothing refused before it
    # is sent.
    assert os.environ["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    config = Config(retries={"max_attempts": 0}, connect_timeout=120, read_timeout=240, parameter_validation=False)

    def client(service, region="eu-west-1", **credentials):
        # What boto3 signs a URL with by itself is too old.
        own = config.merge(Config(signature_version="s3v4")) if service == "s3" else config
        return boto3.client(service, region_name=region, config=own, endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                            **credentials)

    class Later:
        # A client that is made when it is needed, since that takes a second.
        def __init__(self, service):
            self.service = service
        def __getattr__(self, name):
            if "made" not in self.__dict__:
                self.made = client(self.service)
            return getattr(self.made, name)

    ebs, ec2, sts = Later("ebs"), Later("ec2"), Later("sts")

    def refused(code, call, **parameters):
        try:
            call(**parameters)
        except ClientError as error:
            assert error.response["Error"]["Code"] == code, str(error)
            return error.response
        raise AssertionError(f"not refused with {code}: {call.__name__} {parameters}")

    def block(seed):
        return hashlib.sha256(str(seed).encode()).digest() * 16384

    def text(digest):
        return base64.b64encode(digest).decode()

    def parts(snapshot, index, content, **others):
        digest = text(hashlib.sha256(content).digest())
        return dict(SnapshotId=snapshot, BlockIndex=index, BlockData=content, DataLength=len(content), Checksum=digest,
                    ChecksumAlgorithm="SHA256") | others

    def snapshot(blocks, size=1, **others):
        started = ebs.start_snapshot(VolumeSize=size, **others)["SnapshotId"]
        for index, content in blocks.items():
            ebs.put_snapshot_block(**parts(started, index, content))
        ebs.complete_snapshot(SnapshotId=started, ChangedBlocksCount=len(blocks))
        return started

    def registration(disk, name, **others):
        mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": disk, "VolumeType": "gp3"}}
        return dict(Name=name, Architecture="x86_64", VirtualizationType="hvm", EnaSupport=True,
                    RootDeviceName="/dev/xvda", BlockDeviceMappings=[mapping]) | others

    def launch(image, **others):
        answer = ec2.run_instances(**dict(ImageId=image, InstanceType="m7i.large", MinCount=1, MaxCount=1,
                                          IamInstanceProfile={"Name": "builder"}) | others)
        return answer["Instances"][0]["InstanceId"]

    def state(instance):
        return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]

    def reach(instance, *names):
        # Looks until the state is one of the names; gives those before it.
        seen = []
        while (found := state(instance)) not in names:
            seen.append(found)
        return seen

    def online(ssm, instance):
        filters = [{"Key": "InstanceIds", "Values": [instance]}]
        while not ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]:
            pass

    def send(ssm, instance, *lines, **others):
        parameters = {"commands": list(lines) or ["true"]} | others.pop("Parameters", {})
        return ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters=parameters,
                                **others)["Command"]["CommandId"]

    def outcome(ssm, instance, command):
        while True:
            found = ssm.get_command_invocation(CommandId=command, InstanceId=instance)
            if found["Status"] not in ("Pending", "InProgress", "Cancelling"):
                return found
            assert found["StandardOutputContent"] == "" and found["ResponseCode"] == -1, found


    """
