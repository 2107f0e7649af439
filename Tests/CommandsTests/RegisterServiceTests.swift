import AWS
import FakeAWS
import MachineImages
import TestSupport
import Testing

@testable import Commands

@Suite("Registering AMIs as the services have it") struct RegisterServiceTests {
    @Test func `an AMI that only UEFI starts has a TPM`() async throws {
        let test = try await RegisterKitchen()
        try test.rewrite("disk: { size: 256MiB }", "disk: { size: 512MiB, boot: uefi }")
        try await test.kitchen.run("bake")
        try await test.registered()
        #expect(test.aws.images("eu-west-1").map(\.bootMode) == ["uefi"])
        #expect(test.aws.images("eu-west-1").map(\.tpmSupport) == ["v2.0"])
    }

    /// balena-os/balena-yocto-scripts#298.
    @Test func `on arm64 none has, since the service refuses it`() async throws {
        let test = try await PruneKitchen()
        let snapshot = try await test.complete("1")
        try await test.withSession { session in
            let ec2 = EC2(session, region: "eu-west-1")
            for architecture in ["x86_64", "arm64"] {
                let registration = EC2.Registration(
                    name: architecture,
                    description: "made by a test",
                    architecture: architecture,
                    bootMode: .uefi,
                    snapshot: snapshot,
                    volumeSize: 1,
                    tags: [Tag(key: "a", value: "b")]
                )
                #expect(try await ec2.mayRegister(registration) == .allowed)
                _ = try await ec2.register(registration)
            }
        }
        let images = test.aws.images("eu-west-1")
        #expect(images.map(\.architecture) == ["x86_64", "arm64"])
        #expect(images.map(\.tpmSupport) == ["v2.0", nil])
    }

    /// The first is no mistake of whoever calls, however often it comes, and the second one passes.
    @Test func `too many calls at a time, and blocks that were not read, are got along with`() async throws {
        let test = try await RegisterKitchen()
        let many = Fault.Effect.refused(status: 400, code: "ConcurrentLimitExceededException")
        let unread = Fault.Effect.refused(
            status: 400,
            code: "ValidationException",
            message: "Failed to read block data"
        )
        test.aws.add(Fault(many, at: "StartSnapshot", times: 7))
        test.aws.add(Fault(many, at: "PutSnapshotBlock", times: 12))
        test.aws.add(Fault(unread, at: "PutSnapshotBlock", nth: 16, times: 3))
        var run = test.run
        run.workers = 4
        try await run.registered()
        let errors = test.aws.calls.compactMap(\.error)
        #expect(errors.count { $0 == "ConcurrentLimitExceededException" } == 19)
        #expect(errors.count { $0 == "ValidationException" } == 3)
        #expect(test.aws.snapshots("eu-west-1").map(\.state) == [.completed])
    }

    private func copying() async throws -> RegisterKitchen {
        let test = try await RegisterKitchen(regions: ["eu-west-1", "us-east-1"], also: "copy-from: eu-west-1")
        // As if others had copies on their way.
        test.aws.behaviour.snapshotCopies = 0
        return test
    }

    private static let reason = "Too many snapshot copies in progress. The limit is 0 for this destination region."

    @Test func `a region that takes no more copies now is waited for, which is said`() async throws {
        let test = try await copying()
        test.aws.meanwhile(at: "CopyImage", nth: 12) { $0.behaviour.snapshotCopies = 20 }
        let run = test.run
        let placed = try await run.registered()
        let source = try #require(placed["eu-west-1"]?.ami)
        #expect(test.aws.images("us-east-1").map(\.sourceImage) == [source] && placed.count == 2)
        #expect(test.aws.calls.count { $0.error == "ResourceLimitExceeded" } == 11)
        let words = "us-east-1: the copy of \(source) cannot begin yet (\(Self.reason)), for "
        #expect(run.said.lines.contains { $0.hasPrefix(words) && $0.hasSuffix(" s now") }, "\(run.said.lines)")
    }

    @Test func `that wait ends with the patience, and the next run goes on`() async throws {
        let test = try await copying()
        var run = test.run
        run.patience = .seconds(60)
        let outcome = try await run.register()
        let source = try #require(outcome.placed.first?.placed.ami)
        let (status, lines) = run.failure(of: outcome)
        #expect(
            status == 8
                && lines.contains(
                    "[still-waiting]\n  why: us-east-1: the copy of \(source) cannot begin yet (\(Self.reason)) after "
                ),
            "\(lines)"
        )
        test.aws.behaviour.snapshotCopies = 20
        try await test.run.registered()
        #expect(test.aws.images("us-east-1").count == 1)
    }

    @Test func `a quota of AMIs is no wait`() async throws {
        let test = try await copying()
        let message = "You have reached your quota of 50000 for the number of private images"
        test.aws.add(Fault(.refused(status: 400, code: "ResourceLimitExceeded", message: message), at: "CopyImage"))
        let run = test.run
        let (status, lines) = run.failure(of: try await run.register())
        #expect(status == 1 && lines.contains("ResourceLimitExceeded: \(message)"), "\(status): \(lines)")
        #expect(test.aws.calls.count { $0.operation == "CopyImage" } == 1)
    }
}
