import FakeAWS
import HTTPTransport
import MachineImages
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Nobody outside of AWS knows what a client token tells of a snapshot that is lost: the truth, what was told first, or
/// nothing.
@Suite("Registering AMIs whose snapshots are lost") struct RegisterLossTests {
    private func expectOurs(_ placed: PlacedImage, _ test: RegisterKitchen) async throws {
        try await test.export()
        let (ours, theirs) = try test.blocks(of: placed.snapshot)
        #expect(theirs == ours)
    }

    private func starts(_ test: RegisterKitchen) -> Int {
        test.aws.calls.count { $0.operation == "StartSnapshot" && $0.error == nil }
    }

    /// By the store of the run that was killed, and by an empty one, as on another machine.
    @Test(arguments: [(false, nil), (true, nil), (true, "pending")] as [(Bool, String?)])
    func `one that the service gave up is replaced in the same run`(forgets: Bool, status: String?) async throws {
        let test = try await RegisterKitchen()
        #expect(try await test.killed(at: test.aws.hold(before: "PutSnapshotBlock", nth: 4)).status == 128 + 9)
        let lost = try #require(test.aws.snapshots("eu-west-1").first?.id)
        if forgets { try await test.forget() }
        test.aws.behaviour.usedTokenStatus = status
        test.aws.clock.advance(seconds: 3601)
        var run = test.run
        run.workers = 8
        let placed = try #require(try await run.registered()["eu-west-1"])
        #expect(run.said.lines.contains("eu-west-1: \(lost) was given up by the service, and is replaced"))
        #expect(test.aws.snapshots("eu-west-1").map(\.state) == [.error, .completed])
        #expect(placed.snapshot != lost && starts(test) == (forgets ? 3 : 2))
        try await expectOurs(placed, test)
    }

    /// The AMI was pruned, and the image is wanted again.
    @Test(arguments: [(false, nil), (true, nil), (true, "pending"), (true, "completed")] as [(Bool, String?)])
    func `one that was removed with its AMI is replaced in the same run`(forgets: Bool, status: String?) async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.run.registered()["eu-west-1"])
        test.aws.deregisterImage(first.ami)
        test.aws.removeSnapshot(first.snapshot)
        if forgets { try await test.forget() }
        test.aws.behaviour.usedTokenStatus = status
        var run = test.run
        // What was started a moment ago may be there without being known.
        (run.workers, run.ahead) = (4, 300)
        let placed = try #require(try await run.registered()["eu-west-1"])
        #expect(
            run.said.lines.contains("eu-west-1: \(first.snapshot) is not there any more, and is replaced"),
            "\(run.said.lines)"
        )
        #expect(placed.snapshot != first.snapshot && starts(test) == (forgets ? 3 : 2))
        #expect(test.aws.snapshots("eu-west-1").map(\.id) == [placed.snapshot])
        #expect(test.aws.images("eu-west-1").map(\.id) == [placed.ami])
        try await expectOurs(placed, test)
    }

    /// It looked for a parent among what it knew, and had not noted yet what it would start.
    @Test func `a run that ends before it has replaced one lets the next run know of it`() async throws {
        struct Stop: Error {}
        let test = try await RegisterKitchen()
        let first = try #require(try await test.run.registered()["eu-west-1"])
        test.aws.deregisterImage(first.ami)
        test.aws.removeSnapshot(first.snapshot)
        var stopped = test.run
        stopped.ahead = 300
        let looks = Mutex(0)
        stopped.before = { request in
            guard request.isCall("DescribeSnapshots") else { return }
            // Its own, the parents that the store knows, and those that the region has.
            if looks.withLock({
                $0 += 1; return $0
            }) == 3 {
                throw Stop()
            }
        }
        let outcome = try await stopped.register()
        #expect(outcome.failures.contains { $0.failure.error is Stop } && starts(test) == 1)
        var run = test.run
        run.ahead = 300
        let placed = try await run.registered()
        // The old token was not used once more.
        #expect(placed.count == 1 && starts(test) == 2)
    }

    @Test func `of those that are lost in turn ten are replaced, and the next run goes on after them`() async throws {
        let test = try await RegisterKitchen()
        var run = test.run
        run.before = { [aws = test.aws] request in
            if request.method == .put { aws.giveUpSnapshots() }
        }
        let (status, lines) = run.failure(of: try await run.register())
        #expect(
            status == 1
                && lines.contains(
                    "why: the snapshot in eu-west-1 failed: 10 in turn were given up by the service or removed"
                ),
            "\(lines)"
        )
        #expect(test.aws.snapshots("eu-west-1").map(\.state) == Array(repeating: .error, count: 10))
        try await test.run.registered()
        #expect(starts(test) == 11 && test.aws.images("eu-west-1").count == 1)
    }

    @Test func `one that was begun and is not known yet is not taken for lost`() async throws {
        var behaviour = Behaviour()
        behaviour.unknownSeconds = 140
        let test = try await RegisterKitchen(behaviour)
        #expect(try await test.killed(at: test.aws.hold(after: "StartSnapshot")).status == 128 + 9)
        try await test.forget()
        var run = test.run
        run.workers = 4
        try await run.registered()
        #expect(test.aws.snapshots("eu-west-1").map(\.state) == [.completed])
        #expect(!run.said.lines.contains { $0.hasSuffix("is replaced") })
    }

    @Test func `one that is complete gets no blocks from whoever has another store`() async throws {
        let test = try await RegisterKitchen()
        #expect(try await test.killed(at: test.aws.hold(before: "RegisterImage")).status == 128 + 9)
        try await test.forget()
        let puts = test.aws.calls.count { $0.operation == "PutSnapshotBlock" }
        let placed = try #require(try await test.run.registered()["eu-west-1"])
        #expect(test.aws.calls.count { $0.operation == "PutSnapshotBlock" } == puts && placed.sentBlocks == 0)
        #expect(test.aws.snapshots("eu-west-1").map(\.id) == [placed.snapshot])
    }
}
