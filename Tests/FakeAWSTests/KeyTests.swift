import FakeAWS
import OCI
import Testing

@Suite("The fake's keys, with boto3") struct KeyTests {
    private static let id = "00000000-0000-4000-8000-000000000001"
    private static let sharing = JSONValue.object([
        "Version": "2012-10-17",
        "Statement": .array([
            .object([
                "Effect": "Allow", "Principal": .object(["AWS": .strings(["arn:aws:iam::444455556666:root"])]),
                "Action": .strings(["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:List*"]), "Resource": "*",
            ])
        ]),
    ]).canonicalText

    private func start() async throws -> FakeAWS {
        let fake = try await FakeAWS.start(accounts: [.first, .second])
        fake.setKey(Key(Self.id, aliases: ["alias/web"], policy: Self.sharing))
        fake.setKey(Key("00000000-0000-4000-8000-000000000002", aliases: ["alias/off"], state: .disabled))
        fake.setKey(Key("00000000-0000-4000-8000-000000000003", aliases: ["alias/going"], state: .pendingDeletion))
        fake.setKey(Key("00000000-0000-4000-8000-000000000004", of: .second, aliases: ["alias/theirs"]))
        return fake
    }

    private let prelude = """
        kms = client("kms")
        second = dict(aws_access_key_id="\(Account.second.accessKeyID)",
                      aws_secret_access_key="\(Account.second.secretAccessKey)")
        key = "00000000-0000-4000-8000-00000000000%d"
        arn = "arn:aws:kms:eu-west-1:111122223333:key/" + key

        """

    @Test func `says what a key is, and who may use it`() async throws {
        let fake = try await start()
        try await boto(
            fake,
            prelude + """
                found = kms.describe_key(KeyId=key % 1)["KeyMetadata"]
                assert found["Arn"] == arn % 1 and found["KeyManager"] == "CUSTOMER" and found["Enabled"], found
                for name in (arn % 1, "alias/web", "arn:aws:kms:eu-west-1:111122223333:alias/web"):
                    assert kms.describe_key(KeyId=name)["KeyMetadata"] == found, name
                assert kms.describe_key(KeyId="alias/off")["KeyMetadata"]["KeyState"] == "Disabled"
                assert "DeletionDate" in kms.describe_key(KeyId="alias/going")["KeyMetadata"]
                assert kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyManager"] == "AWS"
                def wrong(code, text, call=kms.describe_key, **parameters):
                    error = refused(code, call, **parameters)["Error"]
                    assert text in error["Message"], error
                wrong("NotFoundException", f"Key '{arn % 9}' does not exist", KeyId=key % 9)
                wrong("NotFoundException", f"Key '{arn % 9}' does not exist", KeyId=arn % 9)
                wrong("NotFoundException", ":111122223333:alias/none is not found.", KeyId="alias/none")
                wrong("NotFoundException", "Invalid arn us-east-1", KeyId=(arn % 1).replace("eu-west", "us-east"))
                wrong("InvalidArnException", "Invalid arn", KeyId="arn:aws:kms:eu-west-1")
                wrong("AccessDeniedException", "not authorized to perform: kms:DescribeKey",
                      KeyId="arn:aws:kms:eu-west-1:444455556666:key/" + key % 4)
                wrong("ValidationException", "Member must not be null")
                policy = kms.get_key_policy(KeyId=key % 1)
                assert "kms:CreateGrant" in policy["Policy"] and policy["PolicyName"] == "default"
                assert "Enable IAM" in kms.get_key_policy(KeyId=key % 2, PolicyName="default")["Policy"]
                wrong("NotFoundException", "No such policy", kms.get_key_policy, KeyId=key % 1, PolicyName="other")
                wrong("NotFoundException", "Invalid keyId 'alias/web'", kms.get_key_policy, KeyId="alias/web")
                aliases = [a["AliasName"] for a in kms.list_aliases()["Aliases"]]
                assert aliases == ["alias/aws/ebs", "alias/going", "alias/off", "alias/web"], aliases
                assert [a["AliasName"] for a in kms.list_aliases(KeyId=key % 1)["Aliases"]] == ["alias/web"]
                pages = list(kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 3}))
                assert [len(p["Aliases"]) for p in pages] == [3, 1] and pages[0]["Truncated"]
                wrong("InvalidMarkerException", "marker", kms.list_aliases, Marker="x")

                grant = dict(KeyId=arn % 1, GranteePrincipal="arn:aws:iam::444455556666:role/asg",
                             Operations=["Decrypt", "CreateGrant"], Name="asg")
                made = kms.create_grant(Constraints={"EncryptionContextEquals": {"a": "b"}}, **grant)
                again = kms.create_grant(Constraints={"EncryptionContextEquals": {"a": "b"}}, **grant)
                assert made == again | {"ResponseMetadata": made["ResponseMetadata"]}, again
                theirs = client("kms", **second)
                theirs.create_grant(**grant | {"Name": "other"})
                grants = kms.list_grants(KeyId=key % 1)["Grants"]
                assert [g["Name"] for g in grants] == ["asg", "other"] and grants[0]["KeyId"] == arn % 1, grants
                assert grants[0]["Constraints"] == {"EncryptionContextEquals": {"a": "b"}}
                assert len(theirs.list_grants(KeyId=arn % 1, GrantId=made["GrantId"])["Grants"]) == 1
                assert not kms.list_grants(KeyId=key % 1, GranteePrincipal="arn:aws:iam::1:root")["Grants"]
                pages = kms.get_paginator("list_grants").paginate(KeyId=key % 1, PaginationConfig={"PageSize": 1})
                assert len(list(pages)) == 2
                wrong("DisabledException", "is disabled", kms.create_grant, **grant | {"KeyId": key % 2})
                wrong("KMSInvalidStateException", "pending deletion", kms.create_grant, **grant | {"KeyId": key % 3})
                wrong("InvalidArnException", "valid principal", kms.create_grant, **grant | {"GranteePrincipal": "me"})
                wrong("ValidationException", "must be one of", kms.create_grant, **grant | {"Operations": ["Use"]})
                ebs = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
                wrong("AccessDeniedException", "kms:CreateGrant", kms.create_grant, **grant | {"KeyId": ebs})
                wrong("AccessDeniedException", "kms:GetKeyPolicy", theirs.get_key_policy, KeyId=arn % 1)
                """
        )
        #expect(fake.key("arn:aws:kms:eu-west-1:111122223333:key/\(Self.id)")?.grants.count == 2)
        #expect(Set(fake.lines(onlyChanges: true)) == ["kms:CreateGrant"])
    }

    @Test func `encrypts snapshots with keys that can be used`() async throws {
        let fake = try await start()
        try await boto(
            fake,
            prelude + """
                def wrong(reason, **others):
                    assert refused("ValidationException", ebs.start_snapshot, VolumeSize=1, Encrypted=True,
                                   **others)["Reason"] == reason
                wrong("INVALID_CUSTOMER_KEY", KmsKeyArn=arn % 9)
                wrong("INVALID_CUSTOMER_KEY", KmsKeyArn=arn % 2)
                wrong("INVALID_CUSTOMER_KEY", KmsKeyArn=arn % 3)
                theirs = "arn:aws:kms:eu-west-1:444455556666:key/" + key % 4
                denied = refused("AccessDeniedException", ebs.start_snapshot, VolumeSize=1, Encrypted=True,
                                 KmsKeyArn=theirs)
                assert denied["Reason"] == "DEPENDENCY_ACCESS_DENIED"
                usual = snapshot({}, Encrypted=True)
                give = dict(Attribute="createVolumePermission", OperationType="add", UserIds=["444455556666"])
                error = refused("InvalidParameter", ec2.modify_snapshot_attribute, SnapshotId=usual, **give)["Error"]
                assert "AWS Managed CMK can't be shared" in error["Message"], error
                disk = snapshot({2: block(2)}, Encrypted=True, KmsKeyArn=arn % 1)
                ec2.modify_snapshot_attribute(SnapshotId=disk, **give)
                image = ec2.register_image(**registration(disk, "web"))["ImageId"]
                ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": "444455556666"}]})
                usual = ec2.register_image(**registration(usual, "usual"))["ImageId"]
                unit = "arn:aws:organizations::111122223333:ou/o-abc/ou-abcd-11112222"
                refused("InvalidParameter", ec2.modify_image_attribute, ImageId=usual,
                        LaunchPermission={"Add": [{"OrganizationalUnitArn": unit}]})
                refused("InvalidAMIAttributeItemValue", ec2.modify_image_attribute, ImageId=image,
                        LaunchPermission={"Add": [{"OrganizationalUnitArn": "ou-abcd-11112222"}]})
                ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"OrganizationalUnitArn": unit}]})
                shared = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
                assert shared["LaunchPermissions"] == [{"UserId": "444455556666"}, {"OrganizationalUnitArn": unit}]

                other = client("ec2", **second)
                copy = dict(SourceImageId=image, SourceRegion="eu-west-1")
                def copied(ec2, **parameters):
                    made = ec2.copy_image(**copy | parameters)["ImageId"]
                    found, = ec2.describe_images(ImageIds=[made])["Images"]
                    return found, ec2.describe_snapshots(
                        SnapshotIds=[found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]])["Snapshots"][0]
                found, copied_disk = copied(other, Name="copy-a", Encrypted=True, KmsKeyId="alias/theirs")
                assert found["State"] == "available" and copied_disk["KmsKeyId"] == theirs, copied_disk
                found, copied_disk = copied(other, Name="copy-b")
                assert copied_disk["KmsKeyId"].startswith("arn:aws:kms:eu-west-1:444455556666:key/"), copied_disk
                # A wrong key is found only later.
                for name, wrong in (("c", "alias/none"), ("d", key % 2), ("e", arn % 9), ("f", theirs)):
                    found, copied_disk = copied(ec2, Name=f"copy-{name}", Encrypted=True, KmsKeyId=wrong)
                    assert (found["State"], copied_disk["State"]) == ("failed", "error"), name
                    assert copied_disk["StateMessage"] == "Given key ID is not accessible", copied_disk
                    assert found["StateReason"]["Message"] == "Given key ID is not accessible", found
                refused("InvalidAMIID.Unavailable", ec2.copy_image, Name="copy-g", SourceImageId=found["ImageId"],
                        SourceRegion="eu-west-1")

                america = client("ec2", "us-east-1")
                # Far away the SDK adds a signed address, which encrypted snapshots need.
                far = america.copy_snapshot(SourceSnapshotId=disk, SourceRegion="eu-west-1", Description="far",
                    TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "b"}]}])
                assert far["Tags"] == [{"Key": "a", "Value": "b"}], far
                found, = america.describe_snapshots(SnapshotIds=[far["SnapshotId"]])["Snapshots"]
                assert found["State"] == "completed" and found["Encrypted"] and found["Description"] == "far", found
                def refused_copy(code, **others):
                    refused(code, ec2.copy_snapshot, **dict(SourceSnapshotId=disk, SourceRegion="eu-west-1") | others)
                refused_copy("DryRunOperation", DryRun=True)
                refused_copy("InvalidParameterValue", SourceRegion="moon-1")
                refused_copy("InvalidParameterValue", CompletionDurationMinutes=20)
                refused_copy("InvalidParameterDependency", KmsKeyId="alias/web")
                refused_copy("InvalidSnapshot.NotFound", SourceSnapshotId="snap-0123456789abcdef0")
                pending = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
                refused_copy("IncorrectState", SourceSnapshotId=pending)
                sent = client("ec2", "us-east-1")
                sent.meta.events.register("before-call.ec2.CopySnapshot",
                                          lambda params, **_: params["body"].__delitem__("PresignedUrl"))
                refused("MissingParameter", sent.copy_snapshot, SourceSnapshotId=disk, SourceRegion="eu-west-1")
                """
        )
        fake.behaviour.sealingPolls = 1
        fake.behaviour.snapshotCopies = 1
        try await boto(
            fake,
            prelude + """
                disk = ec2.describe_snapshots(OwnerIds=["self"], Filters=[
                    {"Name": "status", "Values": ["completed"]}])["Snapshots"][0]["SnapshotId"]
                made = ec2.copy_snapshot(SourceSnapshotId=disk, SourceRegion="eu-west-1", Encrypted=True,
                                         KmsKeyId="alias/off")["SnapshotId"]
                refused("ResourceLimitExceeded", ec2.copy_snapshot, SourceSnapshotId=disk, SourceRegion="eu-west-1")
                states = [ec2.describe_snapshots(SnapshotIds=[made])["Snapshots"][0]["State"] for _ in range(2)]
                assert states == ["pending", "error"], states
                """
        )
    }
}
