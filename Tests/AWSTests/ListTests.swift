import AWS
import HTTPTransport
import SystemIO
import Testing

/// Lists that come in pages, and who uses AMIs in them.
@Suite("Lists") struct ListTests {
    private func bench(_ bodies: String...) -> SessionBench { SessionBench(bodies.map { .init(body: $0) }) }

    private func bodies(_ bench: SessionBench) -> [String] {
        bench.requests.map { request in
            if case .bytes(let bytes) = request.body { String(decoding: bytes, as: UTF8.self) } else { "" }
        }
    }

    @Test func `Auto Scaling Groups, by launch configuration, template and policy`() async throws {
        let bench = bench(
            """
            <DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">
              <DescribeAutoScalingGroupsResult>
                <AutoScalingGroups>
                  <member><AutoScalingGroupName>old</AutoScalingGroupName>
                    <LaunchConfigurationName>conf</LaunchConfigurationName></member>
                  <member><AutoScalingGroupName>web</AutoScalingGroupName>
                    <LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>3</Version></LaunchTemplate></member>
                </AutoScalingGroups>
                <NextToken>a+b</NextToken>
              </DescribeAutoScalingGroupsResult>
              <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>
            </DescribeAutoScalingGroupsResponse>
            """,
            """
            <DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups>
              <member><AutoScalingGroupName>mixed</AutoScalingGroupName>
                <MixedInstancesPolicy><LaunchTemplate>
                  <LaunchTemplateSpecification><LaunchTemplateName>big</LaunchTemplateName></LaunchTemplateSpecification>
                  <Overrides><member><InstanceType>t4g.small</InstanceType><LaunchTemplateSpecification>
                    <LaunchTemplateId>lt-2</LaunchTemplateId><Version>$Latest</Version>
                  </LaunchTemplateSpecification></member><member><ImageId>ami-9</ImageId></member></Overrides>
                </LaunchTemplate></MixedInstancesPolicy></member>
            </AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>
            """
        )
        let groups = try await AutoScaling(bench.session, region: "eu-west-1").groups()
        #expect(groups.map(\.name) == ["old", "web", "mixed"])
        #expect(groups[0].templates.isEmpty && groups[0].images.isEmpty)
        #expect(groups[1].templates.map(\.id) == ["lt-1"] && groups[1].templates.map(\.version) == ["3"])
        #expect(groups[2].templates.map(\.name) == ["big", nil])
        #expect(groups[2].templates.map(\.version) == [nil, "$Latest"])
        #expect(groups[2].images == ["ami-9"])
        let first = "Action=DescribeAutoScalingGroups&Version=2011-01-01&MaxRecords=100"
        #expect(bodies(bench) == [first, "\(first)&NextToken=a%2Bb"])
        #expect(bench.requests[0].address.text == "https://autoscaling.eu-west-1.amazonaws.com/")
    }

    @Test func `launch configurations, of which there are none or some`() async throws {
        let empty = bench(
            """
            <DescribeLaunchConfigurationsResponse><DescribeLaunchConfigurationsResult><LaunchConfigurations/>
            </DescribeLaunchConfigurationsResult></DescribeLaunchConfigurationsResponse>
            """
        )
        #expect(try await AutoScaling(empty.session, region: "eu-west-1").launchConfigurations() == [])
        let some = bench(
            """
            <DescribeLaunchConfigurationsResponse><DescribeLaunchConfigurationsResult><LaunchConfigurations>
            <member><LaunchConfigurationName>conf</LaunchConfigurationName><ImageId>ami-1</ImageId></member>
            </LaunchConfigurations></DescribeLaunchConfigurationsResult></DescribeLaunchConfigurationsResponse>
            """
        )
        let found = try await AutoScaling(some.session, region: "eu-west-1").launchConfigurations()
        #expect(found.map(\.name) == ["conf"] && found.map(\.image) == ["ami-1"])
    }

    @Test func `stacks with their parameters, and what these stood for`() async throws {
        let bench = bench(
            """
            <DescribeStacksResponse><DescribeStacksResult><Stacks/><NextToken>n</NextToken></DescribeStacksResult>
            </DescribeStacksResponse>
            """,
            """
            <DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>arn:shop</StackId>
            <StackName>shop</StackName><LastUpdatedTime>2026-01-02T03:04:05.678Z</LastUpdatedTime>
            <StackStatus>UPDATE_COMPLETE</StackStatus><Parameters>
            <member><ParameterKey>A</ParameterKey><ParameterValue>/ami</ParameterValue>
            <ResolvedValue>ami-1</ResolvedValue></member>
            <member><ParameterKey>B</ParameterKey><ParameterValue></ParameterValue></member></Parameters></member>
            <member><StackId>arn:bare</StackId><StackName>bare</StackName><StackStatus>CREATE_COMPLETE</StackStatus></member>
            </Stacks></DescribeStacksResult></DescribeStacksResponse>
            """
        )
        let stacks = try await CloudFormation(bench.session, region: "eu-west-1").stacks()
        // A page without anything is not the last one.
        #expect(stacks.map(\.name) == ["shop", "bare"] && stacks.map(\.id) == ["arn:shop", "arn:bare"])
        #expect(stacks.map(\.updated) == ["2026-01-02T03:04:05.678Z", nil])
        #expect(stacks[0].status == "UPDATE_COMPLETE" && stacks[0].parameters.map(\.key) == ["A", "B"])
        #expect(stacks[0].parameters.map(\.value) == ["/ami", ""])
        #expect(stacks[0].parameters.map(\.resolved) == ["ami-1", nil])
        #expect(bodies(bench)[1] == "Action=DescribeStacks&Version=2010-05-15&NextToken=n")
    }

    @Test func `the template of a stack, as text`() async throws {
        let bench = bench(
            """
            <GetTemplateResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><GetTemplateResult>
            <TemplateBody>{&quot;Mappings&quot;: {}}&#xD;
              &lt;ami-1&gt;</TemplateBody><StagesAvailable><member>Original</member></StagesAvailable></GetTemplateResult>
            <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetTemplateResponse>
            """,
            "<GetTemplateResponse><GetTemplateResult/></GetTemplateResponse>"
        )
        let service = CloudFormation(bench.session, region: "eu-west-1")
        let text = try await service.template(ofStack: "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1")
        #expect(text.hasPrefix("{\"Mappings\": {}}") && text.hasSuffix("<ami-1>"), "\(text)")
        #expect(
            bodies(bench)[0] == "Action=GetTemplate&Version=2010-05-15"
                + "&StackName=arn%3Aaws%3Acloudformation%3Aeu-west-1%3A111122223333%3Astack%2Fshop%2F1&TemplateStage=Processed"
        )
        // Where it is not said, nobody knows what it names.
        let error = await #expect(throws: ServiceError.self) { try await service.template(ofStack: "shop") }
        #expect(error?.code == "unreadable answer" && error?.operation == "GetTemplate")
    }

    @Test func `parameters of images, ten values at a time, and none that is encrypted`() async throws {
        let names = (1...11).map { "/ami/\($0)" }
        let bench = bench(
            "{\"Parameters\": [\(names.map { "{\"Name\": \"\($0)\"}" }.joined(separator: ","))], \"NextToken\": \"n\"}",
            "{\"Parameters\": []}",
            """
            {"Parameters": [{"Name": "/ami/1", "Type": "String", "Value": "ami-1"},
            {"Name": "/ami/2", "Type": "String", "Selector": ":3", "Value": "ami-2"}], "InvalidParameters": ["/ami/3"]}
            """,
            "{\"Parameters\": [{\"Name\": \"/ami/11\", \"Type\": \"SecureString\", \"Value\": \"secret\"}]}"
        )
        let store = SSM(bench.session, region: "eu-west-1")
        #expect(try await store.imageParameters() == names)
        #expect(try await store.values(ofParameters: names) == ["/ami/1": "ami-1", "/ami/2:3": "ami-2"])
        #expect(bench.requests.map { $0.headers["X-Amz-Target"] }.last == "AmazonSSM.GetParameters")
        #expect(bench.requests.allSatisfy { $0.headers["Content-Type"] == "application/x-amz-json-1.1" })
        #expect(bodies(bench)[1].contains("\"NextToken\":\"n\""))
        #expect(bodies(bench)[3] == "{\"Names\":[\"/ami/11\"]}")
    }

    @Test func `launch templates and their versions`() async throws {
        let bench = bench(
            """
            <DescribeLaunchTemplatesResponse><launchTemplates><item><launchTemplateId>lt-1</launchTemplateId>
            <launchTemplateName>web</launchTemplateName><defaultVersionNumber>1</defaultVersionNumber>
            <latestVersionNumber>2</latestVersionNumber></item></launchTemplates></DescribeLaunchTemplatesResponse>
            """,
            """
            <DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet>
            <item><launchTemplateId>lt-1</launchTemplateId><versionNumber>2</versionNumber>
            <defaultVersion>false</defaultVersion><launchTemplateData><imageId>ami-1</imageId></launchTemplateData></item>
            <item><launchTemplateId>lt-1</launchTemplateId><versionNumber>1</versionNumber>
            <defaultVersion>true</defaultVersion><launchTemplateData/></item>
            </launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>
            """
        )
        let ec2 = EC2(bench.session, region: "eu-west-1")
        let templates = try await ec2.launchTemplates()
        #expect(templates.map(\.id) == ["lt-1"] && templates.map(\.latest) == [2] && templates.map(\.standard) == [1])
        let versions = try await ec2.versions(ofLaunchTemplate: "lt-1")
        #expect(versions.map(\.number) == [2, 1] && versions.map(\.image) == ["ami-1", nil])
    }

    @Test func `a template that is gone has no versions`() async throws {
        let gone = SessionBench([
            .init(
                status: 400,
                body: """
                    <Response><Errors><Error><Code>InvalidLaunchTemplateId.NotFound</Code><Message>no</Message></Error>
                    </Errors><RequestID>r</RequestID></Response>
                    """
            )
        ])
        #expect(try await EC2(gone.session, region: "eu-west-1").versions(ofLaunchTemplate: "lt-1").isEmpty)
    }

    @Test func `machines, two hundred AMIs at a time`() async throws {
        let bench = bench(
            """
            <DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>
            <imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState></item></instancesSet></item></reservationSet></DescribeInstancesResponse>
            """,
            "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"
        )
        let images = (1...201).map { "ami-\($0)" }
        let found = try await EC2(bench.session, region: "eu-west-1").instances(startedFrom: images)
        #expect(found.map(\.id) == ["i-1"] && found.map(\.image) == ["ami-1"])
        #expect(bodies(bench).map { $0.contains("Filter.1.Value.200=") } == [true, false])
        #expect(bodies(bench)[1].contains("Filter.1.Value.1=ami-201&Filter.2.Name=instance-state-name"))
    }

    @Test func `blocks of a snapshot, page by page, and what is no list of them`() async throws {
        let bench = bench(
            "{\"BlockSize\": 524288, \"Blocks\": [{\"BlockIndex\": 1, \"BlockToken\": \"a+/=\"}], \"NextToken\": \"n\"}",
            "{\"BlockSize\": 524288, \"Blocks\": [], \"NextToken\": \"m\"}",
            "{\"BlockSize\": 524288, \"Blocks\": [{\"BlockIndex\": 7, \"BlockToken\": \"b\"}]}"
        )
        let found = try await EBS(bench.session, region: "eu-west-1").blocks(of: "snap-1")
        #expect(found.map(\.index) == [1, 7] && found.map(\.token) == ["a+/=", "b"])
        #expect(
            bench.requests.map(\.address.query) == [
                "maxResults=10000", "maxResults=10000&pageToken=n", "maxResults=10000&pageToken=m",
            ]
        )
        for page in [
            "{\"BlockSize\": 4096, \"Blocks\": []}", "{\"BlockSize\": 524288}",
            "{\"BlockSize\": 524288, \"Blocks\": [{\"BlockIndex\": 1, \"BlockToken\": \"a\"}, {\"BlockIndex\": 1, \"BlockToken\": \"a\"}]}",
        ] {
            let error = await #expect(throws: ServiceError.self) {
                try await EBS(self.bench(page).session, region: "eu-west-1").blocks(of: "snap-1")
            }
            #expect(error?.code == "unreadable answer" && error?.operation == "ListSnapshotBlocks")
        }
        let endless = await #expect(throws: ServiceError.self) {
            let page = "{\"BlockSize\": 524288, \"Blocks\": [], \"NextToken\": \"n\"}"
            return try await EBS(self.bench(page).session, region: "eu-west-1").blocks(of: "snap-1")
        }
        #expect(endless?.code == "endless list")
    }

    @Test func `a block that arrives as something else is refused`() async throws {
        let block = String(repeating: "b", count: 512 << 10)
        let digest = Digester.digest(of: block)
        let stored = EBS.StoredBlock(index: 3, token: "t")
        func read(_ body: String, _ checksum: String?) async throws -> Digest {
            let headers: HeaderFields = checksum.map { ["x-amz-Checksum": $0] } ?? [:]
            let bench = SessionBench([.init(headers: headers, body: body)])
            return try await EBS(bench.session, region: "eu-west-1").digest(of: stored, in: "snap-1")
        }
        #expect(try await read(block, Base64.encode(digest.bytes)) == digest)
        #expect(try await read(block, nil) == digest)
        for (body, checksum) in [(block, "AAAA"), ("short", nil)] as [(String, String?)] {
            let error = await #expect(throws: ServiceError.self) { try await read(body, checksum) }
            #expect(error?.message == "block 3 of snap-1 arrived as something else")
        }
    }

    @Test func `what never ends is told`() async throws {
        let page = """
            <DescribeStacksResponse><DescribeStacksResult><Stacks/><NextToken>n</NextToken></DescribeStacksResult>
            </DescribeStacksResponse>
            """
        let stacks = await #expect(throws: ServiceError.self) {
            try await CloudFormation(bench(page).session, region: "eu-west-1").stacks()
        }
        #expect(stacks?.code == "endless list" && stacks?.operation == "DescribeStacks")
        let parameters = await #expect(throws: ServiceError.self) {
            try await SSM(bench("{\"NextToken\": \"n\"}").session, region: "eu-west-1").imageParameters()
        }
        #expect(parameters?.message == "a page says that it comes after itself")
    }

    @Test func `what is removed may be gone already`() async throws {
        func refusal(_ code: String) -> SessionBench {
            SessionBench([
                .init(
                    status: 400,
                    body:
                        "<Response><Errors><Error><Code>\(code)</Code><Message>no</Message></Error></Errors></Response>"
                )
            ])
        }
        for code in ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"] {
            #expect(try await EC2(refusal(code).session, region: "eu-west-1").deregister("ami-1") == false)
        }
        let gone = refusal("InvalidSnapshot.NotFound")
        #expect(try await EC2(gone.session, region: "eu-west-1").delete(snapshot: "snap-1") == false)
        // An AMI that is gone a moment ago may still be known where the snapshot is deleted; any other is a user.
        let used = refusal("InvalidSnapshot.InUse")
        await #expect(throws: ServiceError.self) {
            try await EC2(used.session, region: "eu-west-1").delete(snapshot: "snap-1")
        }
        #expect(used.requests.count == 1)
        await #expect(throws: ServiceError.self) {
            try await EC2(used.session, region: "eu-west-1").delete(snapshot: "snap-1", wasIn: "ami-1")
        }
        #expect(used.requests.count > 5)
    }
}
