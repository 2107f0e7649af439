import FakeAWS
import Testing

@Suite("Whom the fake believes, with boto3") struct IdentityTests {
    @Test func `says who is who, and believes no stranger`() async throws {
        try await boto(
            FakeAWS.start(),
            """
            assert sts.get_caller_identity()["Account"] == "111122223333"
            key = os.environ["AWS_ACCESS_KEY_ID"]
            wrong = dict(aws_access_key_id=key, aws_secret_access_key="wrong")
            unknown = dict(aws_access_key_id="AKIAXXXXXXXXXXXXXXXX", aws_secret_access_key="wrong")
            refused("SignatureDoesNotMatch", client("sts", **wrong).get_caller_identity)
            refused("AuthFailure", client("ec2", **wrong).describe_images)
            refused("InvalidSignatureException", client("ebs", **wrong).start_snapshot, VolumeSize=1)
            refused("InvalidClientTokenId", client("sts", **unknown).get_caller_identity)
            refused("AuthFailure", client("ec2", **unknown).describe_images)
            refused("UnrecognizedClientException", client("ebs", **unknown).start_snapshot, VolumeSize=1)
            # A service of JSON 1.1 says first that it knows no such operation, as it has the name in a header field.
            ssm = client("ssm")
            refused("UnknownOperationException", ssm.list_associations)
            refused("SignatureDoesNotMatch", client("sts", "eu-west-9").get_caller_identity)
            """
        )
    }

    @Test func `holds signatures to its clock`() async throws {
        var behaviour = Behaviour()
        behaviour.clockSkew = 301 + 60
        let fake = try await FakeAWS.start(behaviour)
        let script = """
            codes = dict(zip(("sts", "ec2", "ebs"), os.environ["CODES"].split()))
            refused(codes["sts"], sts.get_caller_identity)
            refused(codes["ec2"], ec2.describe_images)
            answer = refused(codes["ebs"], ebs.start_snapshot, VolumeSize=1)
            print(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
            """
        let past = "SignatureDoesNotMatch RequestExpired InvalidSignatureException"
        let date = try await boto(fake, script, environment: ["CODES": past])
        #expect(date.hasSuffix(" GMT\n"))
        fake.behaviour.clockSkew = -361
        let future = "SignatureDoesNotMatch AuthFailure InvalidSignatureException"
        try await boto(fake, script, environment: ["CODES": future])
        fake.behaviour.clockSkew = 200
        try await boto(fake, "sts.get_caller_identity()")
    }

    @Test func `gives credentials for a while`() async throws {
        let fake = try await FakeAWS.start(
            accounts: [.first, Account("444455556666", roles: [.init("deploy", externalID: "me")])]
        )
        let keys = try await boto(
            fake,
            """
            mine = dict(RoleArn="arn:aws:iam::111122223333:role/ovenbird", RoleSessionName="test")
            theirs = dict(RoleArn="arn:aws:iam::444455556666:role/deploy", RoleSessionName="test")
            refused("AccessDenied", sts.assume_role, **theirs)
            refused("AccessDenied", sts.assume_role, **mine | {"RoleArn": "arn:aws:iam::111122223333:role/other"})
            refused("ValidationError", sts.assume_role, DurationSeconds=43200, **mine)
            refused("ValidationError", sts.assume_role, DurationSeconds=60, **mine)
            def session(given):
                return dict(aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
                            aws_session_token=given["SessionToken"])
            role = session(sts.assume_role(ExternalId="me", DurationSeconds=3600, **theirs)["Credentials"])
            arn = client("sts", **role).get_caller_identity()["Arn"]
            assert arn == "arn:aws:sts::444455556666:assumed-role/deploy/test", arn
            refused("ValidationError", client("sts", **role).assume_role, DurationSeconds=3601, **mine)
            web = dict(WebIdentityToken="a token", **mine)
            answer = client("sts").assume_role_with_web_identity(**web)
            assert client("sts", **session(answer["Credentials"])).get_caller_identity()["Account"] == "111122223333"
            refused("ExpiredTokenException", sts.assume_role_with_web_identity, **web | {"WebIdentityToken": "expired"})
            refused("InvalidClientTokenId", client("sts", **role | {"aws_session_token": "x"}).get_caller_identity)
            print(role["aws_access_key_id"], role["aws_secret_access_key"], role["aws_session_token"])
            """
        ).split(separator: " ").map { String($0).replacing("\n", with: "") }
        try #require(keys.count == 3)
        let role = [
            "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], "AWS_SESSION_TOKEN": keys[2],
        ]
        fake.clock.advance(seconds: 700)
        try await boto(fake, "sts.get_caller_identity()", environment: role)
        // The scripts wait for their turn for minutes, which is time too.
        fake.clock.advance(seconds: 3000)
        try await boto(
            fake,
            """
            refused("ExpiredToken", sts.get_caller_identity)
            refused("RequestExpired", ec2.describe_images)
            refused("ExpiredTokenException", ebs.start_snapshot, VolumeSize=1)
            """,
            environment: role
        )
    }

    @Test func `demands what policies demand`() async throws {
        var behaviour = Behaviour()
        behaviour.requiredTags = ["owner"]
        behaviour.denied = ["ec2:DeleteSnapshot"]
        let fake = try await FakeAWS.start(behaviour)
        try await boto(
            fake,
            """
            tags = [{"Key": "owner", "Value": "me"}]
            refused("AccessDeniedException", ebs.start_snapshot, VolumeSize=1)
            disk = snapshot({}, Tags=tags)
            refused("UnauthorizedOperation", ec2.register_image, **registration(disk, "web"))
            refused("UnauthorizedOperation", ec2.register_image, DryRun=True, **registration(disk, "web"))
            specified = [{"ResourceType": "image", "Tags": tags}]
            image = ec2.register_image(TagSpecifications=specified, **registration(disk, "web"))["ImageId"]
            copy = dict(Name="copy", SourceImageId=image, SourceRegion="eu-west-1")
            refused("UnauthorizedOperation", ec2.copy_image, TagSpecifications=specified, **copy)
            ec2.copy_image(TagSpecifications=specified + [{"ResourceType": "snapshot", "Tags": tags}], **copy)
            refused("UnauthorizedOperation", ec2.delete_snapshot, SnapshotId=disk)
            """
        )
        #expect(fake.images("eu-west-1").count == 2)
    }
}
