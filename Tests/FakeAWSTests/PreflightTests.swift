import FakeAWS
import Testing

@Suite("What the fake tells before a bake, with boto3") struct PreflightTests {
    @Test func `knows profiles and roles`() async throws {
        let fake = try await FakeAWS.start()
        fake.add(InstanceProfile("bare", role: nil, policies: []))
        fake.add(InstanceProfile("many", role: "many", policies: (1...3).map { "arn:aws:iam::aws:policy/P\($0)" }))
        try await boto(
            fake,
            """
            iam = client("iam", "us-east-1")
            found = iam.get_instance_profile(InstanceProfileName="builder")["InstanceProfile"]
            assert found["Arn"] == "arn:aws:iam::111122223333:instance-profile/builder", found
            role, = found["Roles"]
            trust = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
            assert role["RoleName"] == "builder" and trust == {"Service": "ec2.amazonaws.com"}, role
            policy, = iam.list_attached_role_policies(RoleName="builder")["AttachedPolicies"]
            assert policy == {"PolicyName": "AmazonSSMManagedInstanceCore",
                              "PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"}, policy
            assert iam.get_role(RoleName="builder")["Role"]["Arn"].endswith(":role/builder")
            assert iam.get_instance_profile(InstanceProfileName="bare")["InstanceProfile"]["Roles"] == []
            pages = iam.get_paginator("list_attached_role_policies").paginate(
                RoleName="many", PaginationConfig={"PageSize": 2})
            names = [[p["PolicyName"] for p in page["AttachedPolicies"]] for page in pages]
            assert names == [["P1", "P2"], ["P3"]], names
            refused("NoSuchEntity", iam.get_instance_profile, InstanceProfileName="other")
            refused("NoSuchEntity", iam.get_role, RoleName="other")
            refused("NoSuchEntity", iam.list_attached_role_policies, RoleName="other")
            refused("ValidationError", iam.get_role, RoleName="no name")
            # It has one region.
            elsewhere = boto3.session.Session().client("iam", region_name="us-east-1", config=config,
                                                       endpoint_url=os.environ["AWS_ENDPOINT_URL"])
            elsewhere.meta.events.register("choose-signer.iam", lambda context, **_: context.update(
                signing={"region": "eu-west-1", "signing_name": "iam"}) or None)
            refused("SignatureDoesNotMatch", elsewhere.get_role, RoleName="builder")
            """
        )
        #expect(fake.lines(onlyChanges: true).isEmpty)
    }

    @Test func `knows networks`() async throws {
        let fake = try await FakeAWS.start()
        let lonely = fake.addNetwork(.none, endpoints: ["ssm", "ssmmessages", "ec2messages", "s3"])
        let hidden = fake.addNetwork(.natGateway, mapsPublicAddresses: false)
        try await boto(
            fake,
            """
            where = lambda **filters: [{"Name": k.replace("_", "-").replace("--", "."), "Values": [v]}
                                       for k, v in filters.items()]
            lonely, hidden = os.environ["LONELY"].split(), os.environ["HIDDEN"].split()
            subnet, = ec2.describe_subnets(Filters=where(default_for_az="true"))["Subnets"]
            assert subnet["MapPublicIpOnLaunch"] and subnet["AvailabilityZone"] == "eu-west-1a", subnet
            found = ec2.describe_subnets(SubnetIds=[lonely[1], hidden[1]])["Subnets"]
            assert [s["VpcId"] for s in found] == [lonely[0], hidden[0]], found
            refused("InvalidSubnetID.NotFound", ec2.describe_subnets, SubnetIds=["subnet-0123456789abcdef0"])
            refused("InvalidSubnetID.Malformed", ec2.describe_subnets, SubnetIds=["net-1"])
            refused("InvalidParameterValue", ec2.describe_subnets, Filters=where(color="red"))

            def gateways(**filters):
                tables = ec2.describe_route_tables(Filters=where(**filters))["RouteTables"]
                return [[r.get("GatewayId", r.get("NatGatewayId"))[:3] for r in t["Routes"]] for t in tables]
            assert gateways(vpc_id=subnet["VpcId"]) == [["loc", "igw"]]
            assert gateways(association__subnet_id=subnet["SubnetId"]) == []
            assert gateways(association__main="true", vpc_id=subnet["VpcId"]) == [["loc", "igw"]]
            assert gateways(association__subnet_id=hidden[1]) == [["loc", "nat"]]
            assert gateways(association__subnet_id=lonely[1]) == [["loc"]]
            refused("InvalidRouteTableID.NotFound", ec2.describe_route_tables, RouteTableIds=["rtb-0123456789abcdef0"])

            found = ec2.describe_vpc_endpoints(Filters=where(vpc_id=lonely[0]))["VpcEndpoints"]
            assert [(e["ServiceName"].split(".")[-1], e["VpcEndpointType"], e["State"]) for e in found] == [
                ("ec2messages", "Interface", "available"), ("s3", "Gateway", "available"),
                ("ssm", "Interface", "available"), ("ssmmessages", "Interface", "available")], found
            assert found[0]["SubnetIds"] == [lonely[1]] and found[1]["RouteTableIds"], found
            assert not ec2.describe_vpc_endpoints(Filters=where(vpc_id=hidden[0]))["VpcEndpoints"]
            one, = ec2.describe_vpc_endpoints(VpcEndpointIds=[found[2]["VpcEndpointId"]])["VpcEndpoints"]
            assert one["ServiceName"] == "com.amazonaws.eu-west-1.ssm", one
            refused("InvalidVpcEndpointId.NotFound", ec2.describe_vpc_endpoints, VpcEndpointIds=["vpce-1"])
            """,
            environment: [
                "LONELY": "\(lonely.vpc) \(lonely.subnet)", "HIDDEN": "\(hidden.vpc) \(hidden.subnet)",
            ]
        )
    }

    @Test func `knows parameters that AWS publishes`() async throws {
        let fake = try await FakeAWS.start()
        let name = "/aws/service/debian/release/12/latest/amd64"
        fake.setPublicParameter(name, to: "ami-0123456789abcdef0")
        try await boto(
            fake,
            """
            ssm = client("ssm")
            found = ssm.get_parameter(Name="\(name)")["Parameter"]
            assert found["Value"] == "ami-0123456789abcdef0" and found["DataType"] == "aws:ec2:image", found
            assert found["ARN"] == "arn:aws:ssm:eu-west-1::parameter\(name)" and found["Version"] == 1, found
            refused("ParameterNotFound", ssm.get_parameter, Name="/aws/service/other")
            refused("ParameterNotFound", client("ssm", "us-east-1").get_parameter, Name="\(name)")
            refused("ValidationException", ssm.get_parameter, Name="")
            key = os.environ["AWS_ACCESS_KEY_ID"]
            refused("InvalidSignatureException", client("ssm", aws_access_key_id=key, aws_secret_access_key="x")
                    .get_parameter, Name="a")
            refused("UnrecognizedClientException", client("ssm", aws_access_key_id="AKIAXXXXXXXXXXXXXXXX",
                    aws_secret_access_key="x").get_parameter, Name="a")
            unknown = client("ssm")
            unknown.meta.events.register("before-call.ssm.GetParameter",
                                         lambda params, **_: params["headers"].update({"X-Amz-Target": "AmazonSSM.X"}))
            refused("UnknownOperationException", unknown.get_parameter, Name="a")
            garbled = client("ssm")
            garbled.meta.events.register("before-call.ssm.GetParameter", lambda params, **_: params.update(body=b"{"))
            refused("SerializationException", garbled.get_parameter, Name="a")
            try:
                urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], b"{}", {
                    "X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"}))
                raise AssertionError("it was answered")
            except urllib.error.HTTPError as error:
                code = json.load(error)["__type"]
                assert code == "com.amazon.coral.service#MissingAuthenticationTokenException", code
            """
        )
        fake.add(Fault(.throttled, at: "GetParameter"))
        fake.add(Fault(.failing(500), at: "GetParameter", nth: 2))
        fake.behaviour.denied = ["ssm:GetParameter"]
        try await boto(
            fake,
            """
            ssm = client("ssm")
            for code in ("ThrottlingException", "InternalServerError", "AccessDeniedException"):
                refused(code, ssm.get_parameter, Name="a")
            """
        )
    }
}
