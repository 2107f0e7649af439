import FakeAWS
import MachineImages
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Services whose answers do not agree at once.
@Suite("What users wished: what was just made") struct ConsistencyScenarios {
    /// hashicorp/packer#2033, #3377, #1367, #4875: AWS advises to ask for up to two and a half minutes.
    @Test func `what is not found right after it was made is asked for again`() async throws {
        var behaviour = Behaviour()
        behaviour.unknownSeconds = 140
        let test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            share: ["444455556666"],
            also: "copy-from: eu-west-1, deprecate-after: 30d",
            behaviour
        )
        var run = test.run
        run.haste = 1000
        try await run.registered()
        for region in ["eu-west-1", "us-east-1"] {
            #expect(test.aws.snapshots(region).count == 1)
            #expect(test.aws.images(region).map(\.users) == [["444455556666"]])
        }
        let refused = test.aws.calls.compactMap(\.error)
        #expect(refused.contains("InvalidAMIID.NotFound") && refused.contains("ResourceNotFoundException"))
    }

    /// awslabs/coldsnap#43: one success came after 56 seconds.
    @Test func `blocks go to a snapshot that nobody knows for 56 seconds, and each is put once`() async throws {
        var behaviour = Behaviour()
        behaviour.unknownSeconds = 56
        let test = try await RegisterKitchen(behaviour)
        let placed = try #require(try await test.run.registered()["eu-west-1"])
        let puts = test.aws.calls.filter { $0.operation == "PutSnapshotBlock" }
        #expect(puts.contains { $0.error == "ResourceNotFoundException" })
        #expect(puts.count { $0.error == nil } == placed.sentBlocks)
        #expect(test.aws.snapshots("eu-west-1").count == 1)
    }

    /// coreos/mantle#1091: find by name on duplicate.
    @Test func `an AMI that is there and not listed yet is found, not failed`() async throws {
        var behaviour = Behaviour()
        behaviour.unknownImageRequests = 3
        let test = try await RegisterKitchen(behaviour)
        #expect(try await test.killed(at: test.aws.hold(after: "RegisterImage")).status == 128 + 9)
        let placed = try #require(try await test.run.registered()["eu-west-1"])
        #expect(placed.ami == test.aws.images("eu-west-1").first?.id)
        #expect(test.aws.images("eu-west-1").count == 1 && test.aws.snapshots("eu-west-1").count == 1)
    }

    /// bottlerocket-os/bottlerocket#1066.
    @Test func `an AMI counts as available when two looks in turn say so, and then has its snapshot`() async throws {
        var behaviour = Behaviour()
        behaviour.pendingImagePolls = 3
        behaviour.imagesFlicker = true
        let test = try await RegisterKitchen(behaviour)
        let placed = try #require(try await test.run.registered()["eu-west-1"])
        #expect(placed.snapshot == test.aws.snapshots("eu-west-1").first?.id)
        let calls = test.aws.calls.map(\.operation)
        let made = try #require(calls.firstIndex(of: "RegisterImage"))
        // Three times pending, available, pending once more, and twice available.
        #expect(calls[made...].count { $0 == "DescribeImages" } == 7)
    }

    /// Where it may have been completed by somebody else, that is asked for, and not for ever.
    @Test func `a snapshot that takes nothing more, and is not complete, is told with the first cause`() async throws {
        let test = try await RegisterKitchen()
        test.aws.add(Fault(.refused(status: 400, code: "ValidationException"), at: "CompleteSnapshot"))
        let run = test.run
        let (status, lines) = run.failure(of: try await run.register())
        #expect(
            status == 1 && lines.contains("why: ebs:CompleteSnapshot in eu-west-1: ValidationException"),
            "\(lines)"
        )
        #expect(run.said.lines.contains { $0.contains(" takes nothing more, and is not complete yet, for ") })
        try await run.registered()
        #expect(test.aws.snapshots("eu-west-1").count == 1)
    }

    /// packer-plugin-amazon#662: whether to try again depends on what went wrong.
    @Test func `what passes is tried again, and what does not is told at once`() async throws {
        let test = try await RegisterKitchen()
        for operation in ["StartSnapshot", "CompleteSnapshot", "RegisterImage"] {
            test.aws.add(Fault(.failing(503), at: operation, times: 2))
            test.aws.add(Fault(.lost, at: operation, nth: 3))
        }
        test.aws.add(Fault(.refused(status: 403, code: "UnauthorizedOperation"), at: "DescribeSnapshots"))
        let refused = try await test.run.register()
        #expect(test.run.failure(of: refused).lines.contains("fix: allow 'ec2:DescribeSnapshots' to whoever"))
        #expect(test.aws.lines().count { $0 == "ec2:DescribeSnapshots" } == 1)
        try await test.run.registered()
        #expect(test.aws.snapshots("eu-west-1").count == 1 && test.aws.images("eu-west-1").count == 1)
    }
}
