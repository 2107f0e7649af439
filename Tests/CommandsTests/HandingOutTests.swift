import FakeAWS
import Glibc
import OCI
import SystemIO
import TestSupport
import Testing

@Suite("Handing out AMIs") struct HandingOutTests {
    private let organization = "arn:aws:organizations::111122223333:organization/o-0123456789"
    private let unit = "arn:aws:organizations::111122223333:ou/o-0123456789/ou-ab12-cd345678"

    @Test func `organisations and their units get the AMI, accounts its snapshot too`() async throws {
        let test = try await RegisterKitchen(share: [organization, unit, "444455556666"])
        let placed = try #require(try await test.registered()["eu-west-1"])
        #expect(placed["sharedWith"] == .strings([organization, unit, "444455556666"]))
        let image = try #require(test.aws.images("eu-west-1").first)
        #expect(image.organizations == [organization] && image.organizationalUnits == [unit])
        #expect(image.users == ["444455556666"])
        #expect(test.aws.snapshots("eu-west-1").map(\.users) == [["444455556666"]])
        let changes = test.aws.lines(onlyChanges: true).count
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        try await test.aws.expectValidCalls()
    }

    @Test func `it is deprecated as long after it was registered as is stated, and that is said once`() async throws {
        let test = try await RegisterKitchen(also: "deprecate-after: 90d")
        let placed = try #require(try await test.registered()["eu-west-1"])
        let image = try #require(test.aws.images("eu-west-1").first)
        let wanted = (image.creationTime + 90 * 86_400) / 60 * 60
        #expect(image.deprecation == wanted)
        #expect(placed["deprecated"]?.stringValue == Timestamp.text(seconds: wanted))
        let changes = test.aws.lines(onlyChanges: true).count
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        try await test.aws.expectValidCalls()
    }

    @Test func `the other regions copy it from the one that has the blocks`() async throws {
        let regions = ["eu-west-1", "us-east-1", "ap-southeast-2"]
        let test = try await RegisterKitchen(regions: regions, share: ["444455556666"], also: "copy-from: us-east-1")
        let placed = try await test.registered()
        #expect(placed["us-east-1"]?["sentBlocks"]?.integerValue ?? 0 > 0)
        #expect(test.aws.lines().count { $0 == "ebs:StartSnapshot" } == 1)
        let original = try #require(test.aws.images("us-east-1").first)
        for region in ["eu-west-1", "ap-southeast-2"] {
            let copy = try #require(test.aws.images(region).first)
            #expect(copy.sourceImage == original.id && copy.sourceRegion == "us-east-1" && copy.name == original.name)
            #expect(copy.tags == original.tags && copy.users == ["444455556666"])
            #expect(placed[region]?["ami"]?.stringValue == copy.id && placed[region]?["sentBlocks"] == 0)
            let snapshot = try #require(test.aws.snapshots(region).first)
            #expect(snapshot.tags["Name"] == original.name && snapshot.users == ["444455556666"])
        }
        // Shared before it is copied, which takes long.
        let lines = test.aws.lines(onlyChanges: true)
        #expect(
            try #require(lines.firstIndex(of: "ec2:ModifyImageAttribute")) < #require(
                lines.firstIndex(of: "ec2:CopyImage")
            )
        )
        let changes = lines.count
        #expect(try await test.registered().values.allSatisfy { $0["unchanged"] == true })
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        try await test.aws.expectValidCalls()
    }

    @Test func `without an AMI to copy the others are told so`() async throws {
        let test = try await RegisterKitchen(regions: ["eu-west-1", "us-east-1"], also: "copy-from: us-east-1")
        test.aws.add(Fault(.refused(status: 403, code: "UnauthorizedOperation"), at: "RegisterImage"))
        let result = try await test.register()
        #expect(result.status == 1)
        #expect(
            result.error.contains(
                "error: 'machine' is not registered in eu-west-1 [aws-call]\n  why: there is nothing to copy, since us-east-1"
            ),
            "\(result.error)"
        )
        #expect(try await test.registered().count == 2)
    }

    @Test func `the parameter has the newest AMI, which is read back`() async throws {
        var behaviour = Behaviour()
        behaviour.unseenParameterReads = 2
        let test = try await RegisterKitchen(also: "parameter: /shop/base", behaviour)
        let placed = try #require(try await test.registered()["eu-west-1"])
        #expect(placed["parameter"] == "/shop/base")
        let parameter = try #require(test.aws.parameters("eu-west-1").first)
        #expect(parameter.name == "/shop/base" && parameter.value == placed["ami"]?.stringValue)
        #expect(parameter.versions.last?.dataType == "aws:ec2:image")
        let changes = test.aws.lines(onlyChanges: true).count
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        try await test.add("more", bytes: 100_000)
        let next = try #require(try await test.registered()["eu-west-1"]?["ami"]?.stringValue)
        #expect(next != placed["ami"]?.stringValue && test.aws.parameters("eu-west-1").map(\.value) == [next])
        try await test.aws.expectValidCalls()
    }

    @Test func `each region has its own key, and a version builds on what has the same`() async throws {
        var test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            also: "keys: { eu-west-1: alias/images }"
        )
        let key = Key("11111111-2222-3333-4444-555555555555", aliases: ["alias/images"])
        try await test.startAnew { $0.setKey(key) }
        let placed = try await test.registered()
        #expect(test.aws.snapshots("eu-west-1").map(\.key) == [key.arn])
        #expect(test.aws.snapshots("us-east-1").map(\.key) == [nil])
        try await test.add("more", bytes: 100_000)
        let next = try await test.registered()
        #expect(next["eu-west-1"]?["parent"] == placed["eu-west-1"]?["snapshot"])
        #expect(test.aws.snapshots("eu-west-1").map(\.key) == [key.arn, key.arn])
        // With another key nothing is its parent, and an AMI that is there is not taken for what is asked for.
        let other = Key("66666666-2222-3333-4444-555555555555", aliases: ["alias/other"])
        test.aws.setKey(other)
        try test.rewrite("alias/images", "alias/other")
        let refused = try await test.register()
        #expect(refused.status == 7)
        #expect(
            refused.error.contains("'machine' is not registered in eu-west-1 [ami-encryption]\n  why: ami-"),
            "\(refused.error)"
        )
        try await test.add("still-more", bytes: 100_000)
        let third = try await test.registered()
        #expect(third["eu-west-1"]?["parent"] == nil && third["us-east-1"]?["parent"] != nil)
        try await test.aws.expectValidCalls()
    }

    @Test func `a key that will not do is found before anything is changed`() async throws {
        var test = try await RegisterKitchen(share: ["444455556666"], also: "keys: { eu-west-1: alias/images }")
        func refused(_ keys: [Key]) async throws -> String {
            try await test.startAnew { aws in keys.forEach { aws.setKey($0) } }
            let result = try await test.register()
            #expect(result.status == 2, "\(result.error)")
            #expect(test.aws.lines(onlyChanges: true).isEmpty)
            try await test.aws.expectValidCalls()
            return result.error
        }
        func key(managed: Bool = false, _ state: Key.State = .enabled, policy: String? = nil) -> Key {
            Key(
                "11111111-2222-3333-4444-555555555555",
                aliases: ["alias/images"],
                isManagedByAWS: managed,
                state: state,
                policy: policy
            )
        }
        #expect(
            try await refused([]).contains(
                "[region-unfit]\n  why: there is no key 'alias/images' in eu-west-1\n  fix: create it"
            )
        )
        #expect(try await refused([key(.disabled)]).contains("is in the state 'Disabled'\n  fix: enable it"))
        #expect(try await refused([key(managed: true)]).contains("cannot be shared\n  fix: name a key of your own"))
        #expect(
            try await refused([key()]).contains(
                "do not let 444455556666 use it\n  fix: allow them kms:CreateGrant, kms:Decrypt"
            )
        )
        let policy = """
            {"Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"},
                {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::444455556666:root"]},
                 "Action": ["kms:Decrypt", "kms:Describe*", "kms:CreateGrant"], "Resource": "*"}]}
            """
        try await test.startAnew { $0.setKey(key(policy: policy)) }
        #expect(try await test.registered()["eu-west-1"]?["sharedWith"] == .strings(["444455556666"]))
        try await test.aws.expectValidCalls()
    }

    @Test func `a copy that could not be shared is found before anything is changed`() async throws {
        let test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            share: ["444455556666"],
            also: "keys: { eu-west-1: alias/images }, copy-from: eu-west-1"
        )
        let result = try await test.register()
        #expect(
            result.error.contains(
                "'machine' is not registered in us-east-1 [region-unfit]\n  why: a copy of what is encrypted in eu-west-1"
            )
        )
        #expect(result.error.contains("fix: give us-east-1 a key under 'keys'"))
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
    }

    private let template = """
        import boto3
        ec2 = boto3.client("ec2")
        ec2.create_launch_template(
            LaunchTemplateName="shop", LaunchTemplateData={"ImageId": "ami-00000000000000000", "InstanceType": "t3.small"})
        """

    @Test(arguments: [false, true])
    func `the launch template gets a version, which is the default where that is asked for`(isDefault: Bool)
        async throws
    {
        let test = try await RegisterKitchen(also: "launch-template: { name: shop, default: \(isDefault) }")
        let before = try await test.register()
        #expect(before.status == 2)
        #expect(
            before.error.contains(
                "[region-unfit]\n  why: there is no launch template 'shop' in eu-west-1\n  fix: create it"
            ),
            "\(before.error)"
        )
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
        try await requireTool(pythonWithBotocore(), ["-c", template], environment: test.aws.environment())
        let placed = try #require(try await test.registered()["eu-west-1"])
        #expect(placed["launchTemplateVersion"] == 2)
        let found = try #require(test.aws.launchTemplates("eu-west-1").first)
        #expect(found.versions.count == 2 && found.versions.last?.image == placed["ami"]?.stringValue)
        #expect(found.versions.last?.data["InstanceType"]?.stringValue == "t3.small")
        #expect(found.defaultVersion == (isDefault ? 2 : 1))
        let changes = test.aws.lines(onlyChanges: true).count
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        try await test.aws.expectValidCalls()
    }
}
