import FakeAWS
import OCI
import TestSupport
import Testing

@Suite("Volumes of instance bakes", .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
struct InstanceVolumeTests {
    private static let key = Key("11111111-2222-3333-4444-555555555555", aliases: ["alias/images"])

    @Test func `the disk has the size and the key of the Bakefile, and copies have theirs`() async throws {
        let test = try await InstanceKitchen(
            regions: ["eu-west-1", "us-east-1"],
            builder: "types: [t3.small]\n    disk: { size: 11GiB }",
            keys: ["eu-west-1": "alias/images", "us-east-1": "alias/images"]
        )
        test.aws.setKey(Self.key)
        test.aws.setKey(Key("11111111-2222-3333-4444-555555555556", in: "us-east-1", aliases: ["alias/images"]))
        let placed = try await test.registered()
        let instance = try #require(test.aws.instances("eu-west-1").first)
        #expect(instance.devices.map(\.size) == [11] && instance.devices.map(\.key) == [Self.key.arn])
        #expect(instance.devices.map(\.deletesOnTermination) == [true])
        let snapshots = ["eu-west-1", "us-east-1"].map { region in
            placed[region]?["snapshot"]?.stringValue.flatMap { test.aws.snapshot($0) }
        }
        #expect(snapshots.map { $0?.volumeSize } == [11, 11])
        #expect(
            snapshots.map { $0?.key } == [
                Self.key.arn, "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555556",
            ]
        )
        try await test.aws.expectValidCalls()
        try test.expectNothingLeft()
        #expect(try await test.registered()["eu-west-1"]?["unchanged"] == true)
    }

    @Test func `a disk that is smaller than the AMI's is said before anything is started`() async throws {
        let test = try await InstanceKitchen(builder: "types: [t3.small]\n    disk: { size: 1GiB }")
        let result = try await test.register()
        #expect(result.status == 2)
        #expect(
            result.error.contains("the AMI '\(test.source)' has a disk of 8 GiB, and 'disk' says 1 GiB, which is less"),
            "\(result.error)"
        )
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
    }
}
