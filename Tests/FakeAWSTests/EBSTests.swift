import FakeAWS
import SystemPackage
import TestSupport
import Testing

@Suite("The fake's EBS direct APIs, with boto3") struct EBSTests {
    @Test func `takes blocks, and gives the disk back`() async throws {
        let fake = try await FakeAWS.start()
        let folder = try TemporaryFolder()
        try await boto(
            fake,
            """
            started = ebs.start_snapshot(VolumeSize=1, Description="a disk", Tags=[{"Key": "a", "Value": "b c+d"}])
            assert started["Status"] == "pending" and started["BlockSize"] == 524288, started
            disk = started["SnapshotId"]
            digests = []
            for index in (2047, 0, 5):
                answer = ebs.put_snapshot_block(**parts(disk, index, block(index)))
                assert answer["Checksum"] == text(hashlib.sha256(block(index)).digest())
            ebs.put_snapshot_block(**parts(disk, 5, block(6)))
            linear = hashlib.sha256(b"".join(hashlib.sha256(block(i)).digest() for i in (0, 6, 2047))).digest()
            done = ebs.complete_snapshot(SnapshotId=disk, ChangedBlocksCount=3, Checksum=text(linear),
                                         ChecksumAlgorithm="SHA256", ChecksumAggregationMethod="LINEAR")
            assert done["Status"] == "completed"
            found, = ec2.describe_snapshots(SnapshotIds=[disk])["Snapshots"]
            assert found["State"] == "completed" and found["Tags"] == [{"Key": "a", "Value": "b c+d"}], found
            blocks = ebs.list_snapshot_blocks(SnapshotId=disk)["Blocks"]
            assert [b["BlockIndex"] for b in blocks] == [0, 5, 2047]
            read = ebs.get_snapshot_block(SnapshotId=disk, BlockIndex=5, BlockToken=blocks[1]["BlockToken"])
            assert read["BlockData"].read() == block(6)
            refused("ValidationException", ebs.get_snapshot_block, SnapshotId=disk, BlockIndex=0,
                    BlockToken=blocks[1]["BlockToken"])
            child = ebs.start_snapshot(VolumeSize=2, ParentSnapshotId=disk)["SnapshotId"]
            ebs.put_snapshot_block(**parts(child, 0, block("new")))
            ebs.put_snapshot_block(**parts(child, 4095, block("end")))
            ebs.complete_snapshot(SnapshotId=child, ChangedBlocksCount=2)
            changed = ebs.list_changed_blocks(FirstSnapshotId=disk, SecondSnapshotId=child)["ChangedBlocks"]
            assert [(b["BlockIndex"], "FirstBlockToken" in b) for b in changed] == [(0, True), (4095, False)], changed
            other = snapshot({})
            refused("ValidationException", ebs.list_changed_blocks, FirstSnapshotId=disk, SecondSnapshotId=other)
            ec2.delete_snapshot(SnapshotId=disk)
            with open("expected", "wb") as file:
                file.truncate(2 << 30)
                for index, content in ((0, "new"), (5, 6), (2047, 2047), (4095, "end")):
                    file.seek(index << 19)
                    file.write(block(content))
            """.replacing("\"expected\"", with: "\"\(folder.file("expected"))\"")
        )
        let child = try #require(fake.snapshots("eu-west-1").first { $0.parent != nil })
        #expect(child.blocks.count == 2 && child.content.count == 4)
        try fake.write(snapshot: child.id, to: folder.file("disk"))
        try await requireTool("cmp", [folder.file("disk").string, folder.file("expected").string])
        #expect(try await requireTool("du", ["-k", folder.file("disk").string]).hasPrefix("2048\t"))
    }

    @Test func `refuses blocks that are not what they should be`() async throws {
        try await boto(
            FakeAWS.start(),
            """
            disk = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
            put = ebs.put_snapshot_block
            refused("ValidationException", put, **parts(disk, 0, block(1)[:-1]))
            refused("ValidationException", put, **parts(disk, 0, block(1), DataLength=1))
            refused("ValidationException", put, **parts(disk, 0, block(1), Checksum=text(b"x" * 32)))
            refused("ValidationException", put, **parts(disk, 0, block(1), ChecksumAlgorithm="MD5"))
            refused("ValidationException", put, **parts(disk, 0, block(1), Progress=101))
            refused("ValidationException", put, **parts(disk, 2048, block(1)))
            refused("ResourceNotFoundException", put, **parts("snap-0123456789abcdef0", 0, block(1)))
            put(**parts(disk, 0, block(1)))
            done = ebs.complete_snapshot
            linear = text(hashlib.sha256(hashlib.sha256(block(1)).digest()).digest())
            refused("ValidationException", done, SnapshotId=disk, ChangedBlocksCount=2)
            refused("ValidationException", done, SnapshotId=disk, ChangedBlocksCount=1, Checksum=linear)
            refused("ValidationException", done, SnapshotId=disk, ChangedBlocksCount=1, Checksum=text(b"x" * 32),
                    ChecksumAlgorithm="SHA256", ChecksumAggregationMethod="LINEAR")
            done(SnapshotId=disk, ChangedBlocksCount=1, Checksum=linear, ChecksumAlgorithm="SHA256",
                 ChecksumAggregationMethod="LINEAR")
            refused("ValidationException", put, **parts(disk, 1, block(1)))
            refused("ValidationException", done, SnapshotId=disk, ChangedBlocksCount=1)
            """
        )
    }

    @Test func `starts what may be started, and the same once`() async throws {
        var behaviour = Behaviour()
        behaviour.pendingSnapshots = 3
        let fake = try await FakeAWS.start(behaviour)
        fake.setKey(Key("00000000-0000-4000-8000-000000000001"))
        try await boto(
            fake,
            """
            start = ebs.start_snapshot
            first = start(VolumeSize=1, ClientToken="t")["SnapshotId"]
            again = start(VolumeSize=1, ClientToken="t")
            assert again["SnapshotId"] == first and again["Status"] == "pending"
            refused("ConflictException", start, VolumeSize=2, ClientToken="t")
            refused("ValidationException", start, VolumeSize=1, ParentSnapshotId=first)
            ebs.complete_snapshot(SnapshotId=first, ChangedBlocksCount=0)
            assert start(VolumeSize=1, ClientToken="t")["Status"] == "completed"
            refused("ResourceNotFoundException", start, VolumeSize=1, ParentSnapshotId="snap-0123456789abcdef0")
            refused("ValidationException", start, VolumeSize=1, ParentSnapshotId=first, Encrypted=True)
            refused("ValidationException", start, VolumeSize=65537)
            refused("ValidationException", start, VolumeSize=1, Timeout=5)
            refused("ValidationException", start, VolumeSize=1, Tags=[{"Key": "aws:x", "Value": ""}])
            key = "arn:aws:kms:%s:111122223333:key/00000000-0000-4000-8000-000000000001"
            refused("ValidationException", start, VolumeSize=1, KmsKeyArn=key % "eu-west-1")
            refused("ValidationException", start, VolumeSize=1, KmsKeyArn=key % "us-east-1", Encrypted=True)
            secret = start(VolumeSize=2, KmsKeyArn=key % "eu-west-1", Encrypted=True)
            assert secret["KmsKeyArn"] == key % "eu-west-1"
            ebs.complete_snapshot(SnapshotId=secret["SnapshotId"], ChangedBlocksCount=0)
            refused("ValidationException", start, VolumeSize=1, ParentSnapshotId=secret["SnapshotId"])
            assert "KmsKeyArn" in start(VolumeSize=2, ParentSnapshotId=secret["SnapshotId"])
            start(VolumeSize=1)
            last = start(VolumeSize=1)["SnapshotId"]
            refused("ServiceQuotaExceededException", start, VolumeSize=1)
            """
        )
        // Whoever writes nothing for an hour is given up.
        fake.clock.advance(seconds: 3601)
        #expect(fake.snapshots("eu-west-1").map(\.state) == [.completed, .completed, .error, .error, .error])
        try await boto(
            fake,
            """
            old = [s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]][-1]
            answer = refused("ValidationException", ebs.put_snapshot_block, **parts(old, 0, block(1)))
            assert answer["Reason"] == "WRITE_REQUEST_TIMEOUT", answer
            """
        )
    }

    @Test func `tells of what a token started, whatever became of it`() async throws {
        let fake = try await FakeAWS.start()
        let script = """
            started = [ebs.start_snapshot(VolumeSize=1, ClientToken=token) for token in ("late", "gone")]
            print([answer.get("Status") for answer in started], [answer["SnapshotId"] for answer in started])
            """
        let first = try await boto(fake, script + "\nec2.delete_snapshot(SnapshotId=started[1][\"SnapshotId\"])")
        #expect(first.hasPrefix("['pending', 'pending'] "))
        fake.giveUpSnapshots()
        #expect(try await boto(fake, script) == first.replacing("['pending', 'pending']", with: "['error', None]"))
        fake.behaviour.usedTokenStatus = "pending"
        #expect(try await boto(fake, script) == first)
        fake.behaviour.usedTokenStatus = nil
        fake.behaviour.tokensOutliveSnapshots = false
        #expect(try await boto(fake, script).hasPrefix("['error', 'pending'] "))
    }

    @Test func `lists in pages`() async throws {
        let fake = try await FakeAWS.start()
        try await boto(
            fake,
            """
            disk = snapshot({index: block(1) for index in range(0, 250, 2)})
            first = ebs.list_snapshot_blocks(SnapshotId=disk, MaxResults=100)
            second = ebs.list_snapshot_blocks(SnapshotId=disk, MaxResults=100, NextToken=first["NextToken"])
            found = [b["BlockIndex"] for b in first["Blocks"] + second["Blocks"]]
            assert found == list(range(0, 250, 2)) and "NextToken" not in second
            late = ebs.list_snapshot_blocks(SnapshotId=disk, StartingBlockIndex=245)["Blocks"]
            assert [b["BlockIndex"] for b in late] == [246, 248]
            refused("ValidationException", ebs.list_snapshot_blocks, SnapshotId=disk, MaxResults=10)
            refused("ValidationException", ebs.list_snapshot_blocks, SnapshotId=disk, NextToken="abcd")
            """
        )
        #expect(fake.snapshots("eu-west-1").first?.content.count == 125)
    }
}
