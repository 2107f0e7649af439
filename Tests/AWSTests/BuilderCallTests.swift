import AWS
import HTTPTransport
import OCI
import SystemIO
import Testing

/// What the calls for builder machines send, and what they make of answers.
@Suite("Calls for builder machines") struct BuilderCallTests {
    private func form(_ bench: SessionBench, _ number: Int = 0) throws -> [String: String] {
        guard case .bytes(let bytes) = try #require(bench.requests.dropFirst(number).first).body else { return [:] }
        let members = String(decoding: bytes, as: UTF8.self).split(separator: "&").map {
            $0.split(separator: "=", omittingEmptySubsequences: false).map { decoded($0) }
        }
        return Dictionary(uniqueKeysWithValues: members.map { ($0[0], $0[1]) })
    }

    private func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func document(_ bench: SessionBench) throws -> JSONValue {
        guard case .bytes(let bytes) = try #require(bench.requests.last).body else { return .null }
        return try JSONValue.parse(bytes)
    }

    private let launch = EC2.Launch(
        image: "ami-1",
        type: "t3.small",
        isSpot: true,
        profile: "builder",
        subnet: "subnet-1",
        securityGroups: ["sg-1", "sg-2"],
        userData: "#!/bin/sh\n",
        tags: [Tag(key: "Name", value: "a b")],
        token: "t"
    )

    @Test func `a machine is started once for its token, without a key, and ends for good`() async throws {
        let xml = "<RunInstancesResponse><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>"
        let bench = SessionBench([.init(body: xml + "</RunInstancesResponse>")])
        #expect(try await EC2(bench.session, region: "eu-west-1").start(launch) == "i-1")
        let form = try form(bench)
        #expect(
            form == [
                "Action": "RunInstances", "Version": "2016-11-15", "ImageId": "ami-1", "InstanceType": "t3.small",
                "MinCount": "1", "MaxCount": "1", "ClientToken": "t", "IamInstanceProfile.Name": "builder",
                "SubnetId": "subnet-1", "SecurityGroupId.1": "sg-1", "SecurityGroupId.2": "sg-2",
                "UserData": "IyEvYmluL3NoCg==", "InstanceInitiatedShutdownBehavior": "terminate",
                "MetadataOptions.HttpEndpoint": "enabled", "MetadataOptions.HttpTokens": "required",
                "MetadataOptions.HttpPutResponseHopLimit": "1", "InstanceMarketOptions.MarketType": "spot",
                "InstanceMarketOptions.SpotOptions.SpotInstanceType": "one-time",
                "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior": "terminate",
                "TagSpecification.1.ResourceType": "instance", "TagSpecification.1.Tag.1.Key": "Name",
                "TagSpecification.1.Tag.1.Value": "a b", "TagSpecification.2.ResourceType": "volume",
                "TagSpecification.2.Tag.1.Key": "Name", "TagSpecification.2.Tag.1.Value": "a b",
                "TagSpecification.3.ResourceType": "network-interface", "TagSpecification.3.Tag.1.Key": "Name",
                "TagSpecification.3.Tag.1.Value": "a b", "TagSpecification.4.ResourceType": "spot-instances-request",
                "TagSpecification.4.Tag.1.Key": "Name", "TagSpecification.4.Tag.1.Value": "a b",
            ]
        )
        var other = launch
        (other.isSpot, other.subnet, other.securityGroups) = (false, nil, [])
        let plain = SessionBench([.init(body: xml + "</RunInstancesResponse>")])
        _ = try await EC2(plain.session, region: "eu-west-1").start(other)
        let keys = try self.form(plain).keys
        #expect(!keys.contains { $0.hasPrefix("InstanceMarket") || $0 == "SubnetId" || $0.hasPrefix("Security") })
        let empty = SessionBench([.init(body: "<R><instancesSet/></R>")])
        let error = await #expect(throws: ServiceError.self) {
            try await EC2(empty.session, region: "eu-west-1").start(launch)
        }
        #expect(error?.code == "unreadable answer")
    }

    @Test func `machines are what the service says, on all of its pages`() async throws {
        func page(_ id: String, _ state: String, next: String = "") -> String {
            """
            <DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>\(id)</instanceId>
            <instanceState><code>16</code><name>\(state)</name></instanceState><instanceLifecycle>spot</instanceLifecycle>
            <stateReason><code>X</code><message>because</message></stateReason>
            <tagSet><item><key>a</key><value>b</value></item></tagSet></item></instancesSet></item></reservationSet>
            \(next)</DescribeInstancesResponse>
            """
        }
        let bench = SessionBench([
            .init(body: page("i-1", "running", next: "<nextToken>more</nextToken>")),
            .init(body: page("i-2", "shutting-down")),
        ])
        let found = try await EC2(bench.session, region: "eu-west-1").instances(tagged: Tag(key: "a", value: "b"))
        #expect(found.map(\.id) == ["i-1", "i-2"] && found.map(\.isGone) == [false, true])
        #expect(found.allSatisfy { $0.isSpot && $0.reason == "because" && $0.tags == [Tag(key: "a", value: "b")] })
        #expect(try form(bench)["Filter.1.Name"] == "tag:a" && form(bench, 1)["NextToken"] == "more")
        let none = SessionBench([refusal("InvalidInstanceID.NotFound")])
        let ec2 = EC2(none.session, region: "eu-west-1")
        #expect(try await ec2.instance("i-3") == nil)
        // One that was forgotten needs no end.
        try await ec2.terminate("i-3")
        await #expect(throws: ServiceError.self) { try await ec2.stop("i-3") }
    }

    private func refusal(_ code: String, status: Int = 400) -> SessionBench.Answer {
        .init(
            status: status,
            body: "<Response><Errors><Error><Code>\(code)</Code><Message>no</Message></Error></Errors></Response>"
        )
    }

    @Test func `an AMI of a machine, and its copies, carry their tags from the beginning`() async throws {
        let bench = SessionBench([.init(body: "<R><imageId>ami-2</imageId></R>")])
        let ec2 = EC2(bench.session, region: "eu-west-1")
        let tags = [Tag(key: "a", value: "b")]
        #expect(try await ec2.createImage(of: "i-1", name: "n", description: "d", tags: tags) == "ami-2")
        let copy = EC2.ImageCopy(
            name: "n",
            description: "d",
            source: "ami-2",
            sourceRegion: "us-east-1",
            key: "key",
            tags: tags,
            snapshotTags: tags,
            token: "t"
        )
        #expect(try await ec2.copy(copy) == "ami-2")
        let tagged = [
            "TagSpecification.1.ResourceType": "image", "TagSpecification.1.Tag.1.Key": "a",
            "TagSpecification.1.Tag.1.Value": "b", "TagSpecification.2.ResourceType": "snapshot",
            "TagSpecification.2.Tag.1.Key": "a", "TagSpecification.2.Tag.1.Value": "b", "Version": "2016-11-15",
            "Name": "n", "Description": "d",
        ]
        let made = ["Action": "CreateImage", "InstanceId": "i-1"].merging(tagged) { $1 }
        #expect(try form(bench) == made)
        let copied = [
            "Action": "CopyImage", "SourceImageId": "ami-2", "SourceRegion": "us-east-1", "ClientToken": "t",
            "Encrypted": "true", "KmsKeyId": "key",
        ]
        #expect(try form(bench, 1) == copied.merging(tagged) { $1 })
    }

    @Test func `the newest AMI of an owner is the first`() async throws {
        func item(_ id: String, _ created: String) -> String {
            """
            <item><imageId>\(id)</imageId><name>n</name><imageOwnerId>136693071363</imageOwnerId>
            <creationDate>\(created)</creationDate><architecture>x86_64</architecture>
            <imageState>available</imageState><blockDeviceMapping><item><deviceName>/dev/xvdb</deviceName>
            <ebs><deleteOnTermination>\(id == "ami-new")</deleteOnTermination></ebs></item></blockDeviceMapping></item>
            """
        }
        let items = item("ami-old", "2026-01-02T00:00:00.000Z") + item("ami-new", "2026-03-02T00:00:00.000Z")
        let bench = SessionBench([.init(body: "<R><imagesSet>\(items)</imagesSet></R>")])
        let ec2 = EC2(bench.session, region: "eu-west-1")
        let found = try await ec2.sourceImages(owner: "136693071363", name: "debian-12-*", architecture: "x86_64")
        #expect(found.map(\.id) == ["ami-new", "ami-old"] && found.map(\.leavesVolumes) == [false, true])
        #expect(try form(bench)["Owner.1"] == "136693071363" && form(bench)["Filter.1.Value.1"] == "debian-12-*")
        let none = SessionBench([refusal("InvalidAMIID.NotFound")])
        #expect(try await EC2(none.session, region: "eu-west-1").sourceImage("ami-x") == nil)
    }

    @Test func `a subnet without a way out is told by its routes, or by those of its network`() async throws {
        let subnet = "<R><subnetSet><item><vpcId>vpc-1</vpcId></item></subnetSet></R>"
        let none = "<R><routeTableSet/></R>"
        func table(_ state: String) -> String {
            """
            <R><routeTableSet><item><routeSet><item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>
            <state>\(state)</state></item></routeSet></item></routeTableSet></R>
            """
        }
        let bench = SessionBench([.init(body: subnet), .init(body: none), .init(body: table("active"))])
        let ec2 = EC2(bench.session, region: "eu-west-1")
        #expect(try await ec2.network(ofSubnet: "subnet-1") == "vpc-1")
        #expect(try await ec2.hasWayOut(subnet: "subnet-1", network: "vpc-1"))
        #expect(try form(bench, 2)["Filter.2.Name"] == "association.main")
        let hole = SessionBench([.init(body: table("blackhole"))])
        #expect(try await EC2(hole.session, region: "eu-west-1").hasWayOut(subnet: "s", network: "v") == false)
        let unknown = SessionBench([refusal("InvalidSubnetID.NotFound")])
        #expect(try await EC2(unknown.session, region: "eu-west-1").network(ofSubnet: "subnet-2") == nil)
        let item = "<item><serviceName>com.amazonaws.eu-west-1.ssm</serviceName></item>"
        let endpoints = SessionBench([.init(body: "<R><vpcEndpointSet>\(item)</vpcEndpointSet></R>")])
        #expect(
            try await EC2(endpoints.session, region: "eu-west-1").endpoints(ofNetwork: "v")
                == ["com.amazonaws.eu-west-1.ssm"]
        )
    }

    @Test func `a command says who runs it, where its output goes and when it has to end`() async throws {
        let id = "01234567-89ab-cdef-0123-456789abcdef"
        let bench = SessionBench([.init(body: "{\"Command\": {\"CommandId\": \"\(id)\"}}")])
        let command = SSM.ShellCommand(
            instance: "i-1",
            script: "a\n\n  b",
            comment: "c",
            patience: 60,
            bucket: "bucket",
            prefix: "p/q"
        )
        #expect(try await SSM(bench.session, region: "eu-west-1").send(command) == id)
        let request = try #require(bench.requests.first)
        #expect(request.address.text == "https://ssm.eu-west-1.amazonaws.com/")
        #expect(request.headers["X-Amz-Target"] == "AmazonSSM.SendCommand")
        #expect(request.headers["Content-Type"] == "application/x-amz-json-1.1")
        #expect(
            try document(bench)
                == .object([
                    "DocumentName": "AWS-RunShellScript", "InstanceIds": .strings(["i-1"]), "Comment": "c",
                    "TimeoutSeconds": 600, "OutputS3BucketName": "bucket", "OutputS3KeyPrefix": "p/q",
                    "Parameters": .object([
                        "commands": .strings(["a", "", "  b"]), "executionTimeout": .strings(["60"]),
                    ]),
                ])
        )
    }

    @Test func `an invocation that is not known yet is asked for again`() async throws {
        let unknown = SessionBench.Answer(status: 400, body: "{\"__type\": \"InvocationDoesNotExist\"}")
        let body = "{\"Status\": \"Failed\", \"StatusDetails\": \"Failed\", \"ResponseCode\": 7, "
        let ended = SessionBench.Answer(body: body + "\"StandardOutputContent\": \"out\"}")
        let bench = SessionBench([unknown, unknown, ended])
        let found = try await SSM(bench.session, region: "eu-west-1").invocation("c", on: "i-1")
        #expect(found.status == .failed && found.status.isEnd && found.code == 7 && found.output == "out")
        #expect(bench.requests.count == 3)
        let odd = SessionBench([.init(body: "{\"Status\": \"Else\"}")])
        let error = await #expect(throws: ServiceError.self) {
            try await SSM(odd.session, region: "eu-west-1").invocation("c", on: "i-1")
        }
        #expect(error?.code == "unreadable answer")
    }

    @Test func `agents and parameters are as the service says, or not there`() async throws {
        let list = "{\"InstanceInformationList\": [{\"InstanceId\": \"i-1\", \"PingStatus\": \"Online\"}]}"
        let bench = SessionBench([.init(body: list)])
        let ssm = SSM(bench.session, region: "eu-west-1")
        #expect(try await ssm.ping("i-1") == "Online")
        #expect(try await ssm.ping("i-2") == nil)
        let filter = JSONValue.object(["Key": "InstanceIds", "Values": .strings(["i-2"])])
        #expect(try document(bench) == .object(["Filters": .array([filter])]))
        let value = SessionBench([.init(body: "{\"Parameter\": {\"Value\": \"ami-1\"}}")])
        #expect(try await SSM(value.session, region: "eu-west-1").parameter("/aws/x") == "ami-1")
        let none = SessionBench([.init(status: 400, body: "{\"__type\": \"com.amazonaws.ssm#ParameterNotFound\"}")])
        #expect(try await SSM(none.session, region: "eu-west-1").parameter("/aws/x") == nil)
    }

    @Test func `profiles and policies are asked for where their partition has them`() async throws {
        let profile = """
            <GetInstanceProfileResponse><GetInstanceProfileResult><InstanceProfile><Roles><member>
            <RoleName>builder</RoleName></member></Roles></InstanceProfile></GetInstanceProfileResult>
            </GetInstanceProfileResponse>
            """
        let bench = SessionBench([.init(body: profile)])
        #expect(try await IAM(bench.session, region: "eu-west-1").roles(ofProfile: "p") == ["builder"])
        let request = try #require(bench.requests.first)
        #expect(request.address.text == "https://iam.amazonaws.com/")
        #expect(request.headers["Authorization"]?.contains("/us-east-1/iam/aws4_request") == true)
        func page(_ name: String, _ rest: String) -> String {
            """
            <R><ListAttachedRolePoliciesResult><AttachedPolicies><member><PolicyName>\(name)</PolicyName></member>
            </AttachedPolicies>\(rest)</ListAttachedRolePoliciesResult></R>
            """
        }
        let pages = SessionBench([
            .init(body: page("A", "<IsTruncated>true</IsTruncated><Marker>m</Marker>")),
            .init(body: page("B", "<IsTruncated>false</IsTruncated>")),
        ])
        #expect(try await IAM(pages.session, region: "cn-north-1").policies(ofRole: "r") == ["A", "B"])
        #expect(pages.requests.first?.address.text == "https://iam.cn-north-1.amazonaws.com.cn/")
        #expect(try form(pages, 1)["Marker"] == "m")
        let none = SessionBench([
            .init(status: 404, body: "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>")
        ])
        #expect(try await IAM(none.session, region: "us-gov-west-1").roles(ofProfile: "p") == nil)
        #expect(none.requests.first?.address.text == "https://iam.us-gov.amazonaws.com/")
    }
}
