import FakeAWS
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("Registering AMIs") struct RegisterTests {
    @Test func `the disks in three regions are ours, byte for byte where anything is in use`() async throws {
        let regions = ["eu-west-1", "us-east-1", "ap-southeast-2"]
        let test = try await RegisterKitchen(regions: regions)
        let placed = try await test.registered()
        #expect(placed.keys.sorted() == regions.sorted())
        try await test.export()
        for region in regions {
            let image = try #require(test.aws.images(region).first)
            let snapshot = try #require(image.devices.first?.snapshot)
            let (ours, theirs) = try test.blocks(of: snapshot)
            #expect(ours.count > 10 && theirs == ours)
            #expect(placed[region]?["ami"]?.stringValue == image.id)
            #expect(placed[region]?["snapshot"]?.stringValue == snapshot)
            #expect(placed[region]?["sentBlocks"] == .integer(Int64(ours.count)))
        }
        try await test.aws.expectValidCalls()
        // Nothing is done twice.
        let changes = test.aws.lines(onlyChanges: true).count
        let again = try await test.registered()
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        #expect(again.values.allSatisfy { $0["unchanged"] == true && $0["sentBlocks"] == 0 })
    }

    @Test func `an AMI says what it is and where it comes from`() async throws {
        let test = try await RegisterKitchen()
        try await test.registered()
        let image = try #require(test.aws.images("eu-west-1").first)
        let identity = try test.kitchen.identity(of: "machine").identity
        #expect(image.name == "kitchen/machine/1/\(identity.dropFirst(7).prefix(12))")
        #expect(image.architecture == "x86_64" && image.virtualization == "hvm" && image.hasENA)
        #expect(image.bootMode == "uefi-preferred" && image.imdsSupport == "v2.0" && image.tpmSupport == nil)
        #expect(image.devices.map(\.type) == ["gp3"] && image.devices.map(\.size) == [1])
        #expect(image.tags["ovenbird:identity"] == identity && image.tags["ovenbird:image"] == "machine")
        #expect(image.tags["ovenbird:release"]?.hasPrefix("sha256:") == true)
        let snapshot = try #require(test.aws.snapshots("eu-west-1").first)
        #expect(snapshot.tags["ovenbird:identity"] == identity && snapshot.tags["Name"] == image.name)
    }

    @Test func `the release says where it is, and parameter files take it from there`() async throws {
        let test = try await RegisterKitchen()
        let before = try test.kitchen.release()
        let placed = try #require(try await test.registered()["eu-west-1"])
        let after = try test.kitchen.release()
        #expect(after["parent"] != nil && after["parent"] != before["parent"])
        let placement = after["images"]?["machine"]?["placements"]?.arrayValue?.first
        #expect(placement?["ami"] == placed["ami"] && placement?["snapshot"] == placed["snapshot"])
        #expect(placement?["account"] == "111122223333" && placement?["region"] == "eu-west-1")
        let parameters = try JSONValue.parse(try Files.read(test.kitchen.work.file("out/params/shop/dev.json")))
        #expect(parameters.arrayValue?.first?["ParameterValue"] == placed["ami"])
    }

    @Test func `a new version is sent as what the last one lacks`() async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.registered()["eu-west-1"])
        try await test.add("large", bytes: 3_000_000)
        let second = try #require(try await test.registered()["eu-west-1"])
        let sent = try #require(second["sentBlocks"]?.integerValue)
        #expect((6...16).contains(sent))
        #expect(second["parent"] == first["snapshot"])
        try await test.export()
        let (ours, theirs) = try test.blocks(of: try #require(second["snapshot"]?.stringValue))
        #expect(theirs == ours)
        // A store that knows nothing has no parent, and finds what is there.
        try await requireTool("rm", ["-r", test.kitchen.store.appending("ovenbird/registrations").string])
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
    }

    /// Where something is noted; all calls are in a suite of their own.
    @Test(arguments: [
        ("StartSnapshot", false, 1), ("PutSnapshotBlock", true, 20), ("CompleteSnapshot", true, 1),
        ("CompleteSnapshot", false, 1), ("RegisterImage", false, 1),
    ]) func `whenever it is killed, the next run finishes, and the next version builds on it`(
        operation: String,
        isBefore: Bool,
        number: Int
    ) async throws {
        let test = try await RegisterKitchen()
        let held =
            isBefore
            ? test.aws.hold(before: operation, nth: number) : test.aws.hold(after: operation, nth: number)
        #expect(try await test.killed(at: held).status == 128 + 9)
        try await test.registered()
        let snapshots = test.aws.snapshots("eu-west-1")
        #expect(snapshots.count == 1 && snapshots.allSatisfy { $0.state == .completed })
        #expect(test.aws.images("eu-west-1").count == 1)
        #expect(try Files.names(in: test.kitchen.store.appending("ovenbird/tmp")).isEmpty)
        // What was noted is enough for the next version to build on.
        try await test.add("more", bytes: 100_000)
        #expect(try await test.registered()["eu-west-1"]?["parent"]?.stringValue == snapshots.first?.id)
    }

    @Test func `other accounts may use it, and get their right once`() async throws {
        let test = try await RegisterKitchen(share: ["444455556666", "777788889999"])
        let placed = try #require(try await test.registered()["eu-west-1"])
        #expect(placed["sharedWith"] == .strings(["444455556666", "777788889999"]))
        let image = try #require(test.aws.images("eu-west-1").first)
        #expect(image.users == ["444455556666", "777788889999"])
        #expect(test.aws.snapshots("eu-west-1").first?.users == image.users)
        let changes = test.aws.lines(onlyChanges: true).count
        let again = try #require(try await test.registered()["eu-west-1"])
        #expect(again["unchanged"] == true && again["sharedWith"] == .array([]))
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        // Killed between both rights, the next run gives the other one.
        let half = try await RegisterKitchen(share: ["444455556666"])
        #expect(try await half.killed(at: half.aws.hold(before: "ModifyImageAttribute")).status == 128 + 9)
        #expect(half.aws.images("eu-west-1").map(\.users) == [[]])
        #expect(try await half.registered()["eu-west-1"]?["sharedWith"] == .strings(["444455556666"]))
        #expect(half.aws.images("eu-west-1").map(\.users) == [["444455556666"]])
    }

    @Test func `services that do not agree at once, throttle and fail are got along with`() async throws {
        var behaviour = Behaviour()
        behaviour.unknownSnapshotRequests = 2
        behaviour.sealingPolls = 2
        behaviour.unknownImageRequests = 1
        behaviour.pendingImagePolls = 1
        behaviour.imagesFlicker = true
        behaviour.throttlesEvery = 11
        behaviour.failsEvery = 13
        let test = try await RegisterKitchen(behaviour)
        let placed = try #require(try await test.registered()["eu-west-1"])
        let image = try #require(test.aws.images("eu-west-1").first)
        #expect(placed["ami"]?.stringValue == image.id)
        #expect(placed["snapshot"]?.stringValue == image.devices.first?.snapshot)
        #expect(test.aws.snapshots("eu-west-1").count == 1)
    }

    @Test func `what fails in one region keeps no other from being registered`() async throws {
        let test = try await RegisterKitchen(regions: ["eu-west-1", "us-east-1"])
        test.aws.add(Fault(.refused(status: 403, code: "UnauthorizedOperation"), at: "RegisterImage"))
        let result = try await test.register()
        #expect(result.status == 1)
        #expect(result.error.contains("is not registered in"))
        #expect(result.error.contains("[aws-call]\n  why: ec2:RegisterImage in "), "\(result.error)")
        #expect(result.error.contains("fix: allow 'ec2:RegisterImage' to whoever these credentials are of"))
        let placed = try test.kitchen.release()["images"]?["machine"]?["placements"]?.arrayValue
        #expect(placed?.count == 1)
        let next = try await test.registered()
        #expect(next.values.filter { $0["unchanged"] == true }.count == 1)
        #expect(next.values.allSatisfy { $0["ami"]?.stringValue?.hasPrefix("ami-") == true })
        #expect(["eu-west-1", "us-east-1"].allSatisfy { test.aws.snapshots($0).count == 1 })
    }

    @Test func `a name that is another image's is refused`() async throws {
        let test = try await RegisterKitchen()
        let placed = try #require(try await test.registered()["eu-west-1"]?["ami"]?.stringValue)
        // As if somebody had registered it by hand.
        try await requireTool(
            pythonWithBotocore(),
            [
                "-c",
                """
                import boto3
                boto3.client("ec2").create_tags(
                    Resources=["\(placed)"], Tags=[{"Key": "ovenbird:identity", "Value": "sha256:else"}])
                """,
            ],
            environment: test.aws.environment()
        )
        let result = try await test.register()
        #expect(result.status == 7)
        #expect(
            result.error.contains(
                "error: 'machine' is not registered in eu-west-1 [ami-name-taken]\n  why: \(placed) in eu-west-1"
            )
        )
        #expect(result.error.contains("fix: bake the image with a new version, or deregister that AMI"))
    }
}
