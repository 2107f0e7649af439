import FakeAWS
import OCI
import SystemIO
import TestSupport
import Testing

@Suite("Parents that are read") struct RegisterParentTests {
    private func expectOurs(_ placed: JSONValue, _ test: RegisterKitchen) async throws {
        try await test.export()
        let (ours, theirs) = try test.blocks(of: try #require(placed["snapshot"]?.stringValue))
        #expect(theirs == ours)
    }

    @Test func `another machine sends what the last version lacks, too`() async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.registered()["eu-west-1"])
        try await test.forget()
        try await test.add("large", bytes: 3_000_000)
        let start = test.aws.calls.count
        let text = try await test.register("--dry-run")
        let snapshot = try #require(first["snapshot"]?.stringValue)
        #expect(text.text.contains(": would be sent as at most "), "\(text.text)")
        #expect(text.text.contains(" MiB over \(snapshot)\n"))
        let count = try #require(test.aws.snapshot(snapshot)?.blocks.count)
        #expect(text.text.contains("  parent: its \(count) blocks are read to find those that need not be sent"))
        // A dry run reads none: that is paid for.
        #expect(!test.aws.calls.dropFirst(start).contains { $0.changes || $0.operation == "GetSnapshotBlock" })
        let second = try #require(try await test.registered()["eu-west-1"])
        #expect(second["parent"] == first["snapshot"])
        #expect((6...16).contains(second["sentBlocks"]?.integerValue ?? 0))
        #expect(test.aws.calls.count { $0.operation == "GetSnapshotBlock" } == count)
        try await expectOurs(second, test)
        try await test.aws.expectValidCalls()
    }

    @Test func `what the parent has and the disk does not is zeros`() async throws {
        let test = try await RegisterKitchen()
        try await test.add("large", bytes: 3_000_000)
        let first = try #require(try await test.registered()["eu-west-1"])
        try test.rewrite("      - copy: { from: large, to: /large }\n", "")
        try await test.kitchen.run("bake")
        try await test.forget()
        let second = try #require(try await test.registered()["eu-west-1"])
        #expect(second["parent"] == first["snapshot"])
        let parent = try #require(first["snapshot"]?.stringValue.flatMap { test.aws.snapshot($0) })
        let child = try #require(second["snapshot"]?.stringValue.flatMap { test.aws.snapshot($0) })
        try await expectOurs(second, test)
        let map = try JSONValue.parse(try Files.read(test.kitchen.work.file("map.json")))["blocks"]?.arrayValue ?? []
        let used = Set(map.compactMap { $0["index"]?.integerValue.map { Int($0) } })
        let unused = parent.content.keys.filter { !used.contains($0) }
        #expect(unused.count > 3)
        let zeros = Digester.digest(of: [UInt8](repeating: 0, count: 512 << 10))
        #expect(unused.allSatisfy { child.content[$0] == zeros })
    }

    /// All its records are lost while blocks are on their way, and while it is read.
    @Test(arguments: [("PutSnapshotBlock", 4), ("GetSnapshotBlock", 3), ("ListSnapshotBlocks", 1)])
    func `whenever it is killed, the next run finishes`(operation: String, number: Int) async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.registered()["eu-west-1"])
        try await test.add("large", bytes: 3_000_000)
        try await test.forget()
        #expect(try await test.killed(at: test.aws.hold(before: operation, nth: number)).status == 128 + 9)
        let next = try #require(try await test.registered()["eu-west-1"])
        #expect(next["parent"] == first["snapshot"])
        #expect(test.aws.snapshots("eu-west-1").count == 2)
        try await expectOurs(next, test)
    }

    @Test(arguments: ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"])
    func `a parent that may not be read is said, and all blocks are sent`(denied: String) async throws {
        var behaviour = Behaviour()
        behaviour.denied = [denied]
        let test = try await RegisterKitchen(behaviour)
        try await test.registered()
        try await test.forget()
        try await test.add("more", bytes: 1000)
        let result = try await test.register("--format", "json")
        #expect(result.status == 0)
        #expect(
            result.error.contains(" is not built on: \(denied) in eu-west-1: AccessDeniedException: "),
            "\(result.error)"
        )
        let placed = try #require(try JSONValue.parse(result.output)["registered"]?.arrayValue?.first)
        #expect(placed["parent"] == nil)
        try await expectOurs(placed, test)
    }

    @Test func `a snapshot of another image, of another key or of a larger disk is no parent`() async throws {
        let test = try await RegisterKitchen()
        let key = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000001"
        test.aws.setKey(Key("00000000-0000-4000-8000-000000000001"))
        try await requireTool(
            pythonWithBotocore(),
            [
                "-c",
                """
                import boto3
                ebs = boto3.client("ebs")
                for project, image, more in (
                    ("other", "machine", {}), ("kitchen", "other", {}), ("kitchen", "machine", {"VolumeSize": 2}),
                    ("kitchen", "machine", {"KmsKeyArn": "\(key)", "Encrypted": True}),
                ):
                    tags = [{"Key": "ovenbird:project", "Value": project}, {"Key": "ovenbird:image", "Value": image}]
                    snapshot = ebs.start_snapshot(**dict(VolumeSize=1, Tags=tags) | more)["SnapshotId"]
                    ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=0)
                """,
            ],
            environment: test.aws.environment()
        )
        let placed = try #require(try await test.registered()["eu-west-1"])
        #expect(placed["parent"] == nil)
        #expect(!test.aws.calls.contains { $0.operation == "ListSnapshotBlocks" })
    }

    /// A new store and the store of the first version; and one that was killed before the refusal.
    @Test(arguments: [false, true], [false, true])
    func `a parent that the service does not take is said, and all blocks are sent`(
        forgets: Bool,
        isKilled: Bool
    ) async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.registered()["eu-west-1"]?["snapshot"]?.stringValue)
        if forgets { try await test.forget() }
        try await test.add("more", bytes: 1000)
        if isKilled {
            #expect(try await test.killed(at: test.aws.hold(before: "StartSnapshot")).status == 128 + 9)
        }
        test.aws.behaviour.encryptsByDefault = true
        let result = try await test.register("--format", "json")
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.error.contains(
                "eu-west-1: \(first) is not built on: ebs:StartSnapshot in eu-west-1: ValidationException: The parent is not"
            ),
            "\(result.error)"
        )
        let placed = try #require(try JSONValue.parse(result.output)["registered"]?.arrayValue?.first)
        #expect(placed["parent"] == nil && test.aws.snapshots("eu-west-1").count == 2)
        try await expectOurs(placed, test)
    }

    /// The blocks of the one that was killed are not those of a machine that has to read the parent.
    @Test func `another machine begins anew where one was killed that knew the parent`() async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.registered()["eu-west-1"])
        try await test.add("large", bytes: 3_000_000)
        #expect(try await test.killed(at: test.aws.hold(after: "PutSnapshotBlock", nth: 3)).status == 128 + 9)
        try await test.forget()
        let next = try #require(try await test.registered()["eu-west-1"])
        #expect(next["parent"] == first["snapshot"])
        #expect(test.aws.snapshots("eu-west-1").count == 3)
        try await expectOurs(next, test)
    }

    @Test func `where most of what is read first differs, it is no parent`() async throws {
        let test = try await RegisterKitchen()
        try await requireTool(
            pythonWithBotocore(),
            [
                "-c",
                """
                import base64, boto3, hashlib
                ebs = boto3.client("ebs")
                tags = [{"Key": "ovenbird:project", "Value": "kitchen"}, {"Key": "ovenbird:image", "Value": "machine"}]
                snapshot = ebs.start_snapshot(VolumeSize=1, Tags=tags)["SnapshotId"]
                block = b"other content..." * 32768
                checksum = base64.b64encode(hashlib.sha256(block).digest()).decode()
                for index in range(200):
                    ebs.put_snapshot_block(SnapshotId=snapshot, BlockIndex=index * 10, BlockData=block,
                                           DataLength=len(block), Checksum=checksum, ChecksumAlgorithm="SHA256")
                ebs.complete_snapshot(SnapshotId=snapshot, ChangedBlocksCount=200)
                """,
            ],
            environment: test.aws.environment()
        )
        let placed = try #require(try await test.registered()["eu-west-1"])
        #expect(placed["parent"] == nil)
        #expect(test.aws.calls.count { $0.operation == "GetSnapshotBlock" } == 64)
        try await expectOurs(placed, test)
        let child = try #require(placed["snapshot"]?.stringValue.flatMap { test.aws.snapshot($0) })
        #expect(placed["sentBlocks"]?.integerValue == Int64(child.blocks.count))
    }
}
