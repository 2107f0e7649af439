import FakeAWS
import MachineImages
import HTTPTransport
import OCI
import Synchronization
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Disks on their way into snapshots.
@Suite("What users wished: uploads") struct UploadScenarios {
    /// hashicorp/terraform-provider-aws#44954; aws/aws-cdk-rfcs#835; pulumi/pulumi-aws#5948; kairos-io/kairos#4207.
    @Test func `an AMI needs neither a bucket nor an import nor a machine`() async throws {
        let test = try await RegisterKitchen()
        try await test.run.registered()
        #expect(
            Set(test.aws.lines(onlyChanges: true)) == [
                "ebs:StartSnapshot", "ebs:PutSnapshotBlock", "ebs:CompleteSnapshot", "ec2:RegisterImage",
            ]
        )
    }

    /// awslabs/coldsnap#437: two of three runs with 64 workers stalled, since nobody gave up waiting for an answer.
    @Test func `connections that hang are given up, whatever number of them, and the blocks sent again`() async throws {
        let test = try await RegisterKitchen()
        test.aws.add(Fault(.silent, at: "PutSnapshotBlock", times: 16))
        var run = test.run
        // Few enough that the others come in time on a busy computer.
        (run.workers, run.timeouts) = (8, WebClient.Timeouts(idle: .seconds(5)))
        let placed = try #require(try await run.registered()["eu-west-1"])
        let puts = test.aws.calls.filter { $0.operation == "PutSnapshotBlock" }
        let arrived = Set(puts.filter { $0.status == 201 }.compactMap { $0.parameters["BlockIndex"]?.integerValue })
        #expect(arrived.count == placed.sentBlocks && puts.count >= placed.sentBlocks + 16)
    }

    /// From outside of AWS 64 workers were too many, and nobody knew whether anything arrived.
    ///
    /// awslabs/coldsnap#437, #452.
    @Test func `whoever has a narrow line sends as few blocks at a time as they say, and sees them arrive`()
        async throws
    {
        let test = try await RegisterKitchen()
        var run = test.run
        run.workers = 2
        run.before = { [time = run.time] request in
            if request.method == .put { time.pass(until: time.seconds + 5) }
        }
        try await run.registered()
        #expect(run.sending.most == 2)
        #expect(run.said.lines.count { $0.hasSuffix(" blocks have arrived") } > 2)
        let wrong = try await test.register("--workers", "0")
        #expect(wrong.status == 2 && wrong.error.contains("'--workers' is a number from 1 to 256"), "\(wrong.error)")
    }

    /// awslabs/coldsnap#437: retries within retries gave up while the service only asked for patience.
    @Test func `a service that throttles all the time is waited for`() async throws {
        var behaviour = Behaviour()
        behaviour.throttlesEvery = 2
        let test = try await RegisterKitchen(behaviour)
        try await test.run.registered()
        #expect(
            test.aws.calls.count { $0.error?.contains("hrottl") == true || $0.error == "RequestLimitExceeded" } > 20
        )
        #expect(test.aws.images("eu-west-1").count == 1)
    }

    /// awslabs/coldsnap#395, #396, #469, #470: zeros are content, too.
    @Test func `what became zeros, and what became free, shows nothing of what was there before`() async throws {
        let test = try await RegisterKitchen()
        try await test.add("large", bytes: 2_000_000)
        let first = try #require(try await test.run.registered()["eu-west-1"])
        try test.kitchen.work.write([UInt8](repeating: 0, count: 2_000_000), to: "large")
        try await test.kitchen.run("bake")
        let second = try #require(try await test.run.registered()["eu-west-1"])
        #expect(second.parent == first.snapshot && (3...8).contains(second.sentBlocks))
        try await test.export()
        let (zeros, theirs) = try test.blocks(of: second.snapshot)
        #expect(theirs == zeros)
        // Now the file is there no more.
        try test.rewrite("      - copy: { from: large, to: /large }\n", "")
        try await test.kitchen.run("bake")
        let third = try #require(try await test.run.registered()["eu-west-1"])
        #expect(third.parent == second.snapshot)
        try await test.export()
        let (ours, left) = try test.blocks(of: third.snapshot)
        #expect(left == ours)
        // Nothing of the first disk's random bytes is in the last one.
        let old = try #require(test.aws.snapshot(first.snapshot)).content
        let new = try #require(test.aws.snapshot(third.snapshot)).content
        #expect(old.filter { new[$0.key] == $0.value }.count < old.count - 3)
    }

    /// awslabs/coldsnap#466: `ListChangedBlocks` says "not related".
    @Test func `versions are of one line, so that the service lists what has changed between them`() async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.run.registered()["eu-west-1"])
        try await test.add("more", bytes: 1_000_000)
        let second = try #require(try await test.run.registered()["eu-west-1"])
        let changed = try await requireTool(
            pythonWithBotocore(),
            [
                "-c",
                """
                import boto3
                answer = boto3.client("ebs").list_changed_blocks(
                    FirstSnapshotId="\(first.snapshot)", SecondSnapshotId="\(second.snapshot)")
                print(len(answer["ChangedBlocks"]), end="")
                """,
            ],
            environment: test.aws.environment()
        )
        #expect(changed == String(second.sentBlocks))
    }

    /// One waits for the other, which has the same store.
    ///
    /// spinnaker/spinnaker#1848, #4255: one of two equal bakes was cancelled, or failed.
    @Test func `the same image registered twice at once, with one store, is sent once`() async throws {
        let test = try await RegisterKitchen()
        var (first, second) = (test.run, test.run)
        // Both have looked before one of them begins.
        let places = [first.said, second.said]
        first.before = { request in
            guard request.isCall("DescribeImages") else { return }
            places[0].add("looks")
            await places[1].wait(for: "looks")
        }
        second.before = { request in
            guard request.isCall("DescribeImages") else { return }
            places[1].add("looks")
            await places[0].wait(for: "looks")
        }
        async let one = first.registered()
        async let other = second.registered()
        let made = try await [one, other].map { $0.mapValues(\.ami) }
        #expect(made[0] == made[1] && made[0].count == 1)
        #expect(test.aws.lines().count { $0 == "ebs:StartSnapshot" } == 1)
        #expect(test.aws.lines().count { $0 == "ec2:RegisterImage" } == 1)
    }

    /// The second one finds the snapshot of the first complete.
    ///
    /// spinnaker/spinnaker#1848, #4255.
    @Test func `the same image registered twice at once, with two stores, is one AMI for both`() async throws {
        let test = try await RegisterKitchen()
        let other = test.kitchen.store.removingLastComponent().appending("other")
        try await requireTool("cp", ["-a", test.kitchen.store.string, other.string])
        var slow = test.run
        let quick = Mutex<[String: String]>([:])
        slow.before = { [test] request in
            guard request.isCall("RegisterImage"), quick.withLock(\.isEmpty) else { return }
            var run = test.run
            run.store = other
            let placed = try await run.registered().mapValues(\.ami)
            quick.withLock { $0 = placed }
        }
        let placed = try await slow.registered().mapValues(\.ami)
        #expect(placed.count == 1 && quick.withLock { $0 } == placed)
        #expect(test.aws.images("eu-west-1").count == 1 && test.aws.snapshots("eu-west-1").count == 1)
    }
}
