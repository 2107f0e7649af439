import FakeAWS
import HTTPTransport
import MachineImages
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Several stores, as those of agents of a CI server, that bake the same image at once.
///
/// spinnaker/spinnaker#1848, #4255.
@Suite(
    "What users wished: bakes of one image at once",
    .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces")
)
struct SharedBakeScenarios {
    private func kitchen() async throws -> (test: InstanceKitchen, other: FilePath) {
        let test = try await InstanceKitchen(
            steps: ["run: echo done >/etc/done"],
            builder: "types: [t3.small]\n        deadline: 24h"
        )
        let other = test.kitchen.store.removingLastComponent().appending("other")
        try await test.kitchen.run("bake", "--first", store: other)
        return (test, other)
    }

    /// Leaves a machine of somebody with another store, who is gone on with by whoever has that store.
    private func startElsewhere(_ test: InstanceKitchen, _ store: FilePath) async throws -> String {
        let known = Set(test.aws.instances("eu-west-1").map(\.id))
        #expect(try await test.killed(at: test.aws.hold(after: "RunInstances"), store: store).status == 128 + 9)
        return try #require(test.aws.instances("eu-west-1").first { !known.contains($0.id) }).id
    }

    /// What was begun is noted, and its machine is gone, or was never started.
    @Test(arguments: ["SendCommand", "RunInstances"])
    func `whoever has no machine any more, or none yet, waits for somebody else's`(operation: String) async throws {
        let (test, other) = try await kitchen()
        #expect(try await test.killed(at: test.aws.hold(before: operation)).status == 128 + 9)
        let own = test.aws.instances("eu-west-1").map(\.id)
        #expect(own.count == (operation == "SendCommand" ? 1 : 0))
        for instance in own { test.aws.terminate(instance) }
        let theirs = try await startElsewhere(test, other)
        let first = test.run
        var second = test.run
        second.store = other
        async let shared = first.registered()
        await first.said.wait(for: "eu-west-1: \(theirs) bakes 'kitchen/machine/1/")
        let made = try await second.registered()
        #expect(second.said.lines.contains("eu-west-1: goes on with \(theirs)"))
        #expect(try await shared.mapValues(\.ami) == made.mapValues(\.ami))
        #expect(
            first.said.lines.contains {
                $0.hasSuffix(" already, for somebody with another store, who shares the AMI")
            }
        )
        for instance in own { #expect(first.said.lines.contains("eu-west-1: \(instance) is ended")) }
        #expect(test.aws.instances("eu-west-1").count == own.count + 1 && test.aws.images("eu-west-1").count == 1)
        try test.expectNothingLeft()
    }

    /// They begin after nobody was found, and end without an AMI.
    @Test func `whoever is overtaken while they look for what is missing waits, too`() async throws {
        let (test, other) = try await kitchen()
        let theirs = Mutex<String?>(nil)
        var run = test.run
        run.before = { request in
            guard request.isCall("GetInstanceProfile"), theirs.withLock({ $0 }) == nil else { return }
            let instance = try await startElsewhere(test, other)
            theirs.withLock { $0 = instance }
        }
        async let made = run.registered()
        await run.said.wait(for: " already, for somebody with another store, who shares the AMI")
        let instance = try #require(theirs.withLock { $0 })
        #expect(run.said.lines.contains { $0.hasPrefix("eu-west-1: \(instance) bakes 'kitchen/machine/1/") })
        test.aws.terminate(instance)
        #expect(try await made["eu-west-1"]?.ami == test.aws.images("eu-west-1").first?.id)
        #expect(test.aws.instances("eu-west-1").count == 2 && test.aws.images("eu-west-1").count == 1)
    }

    @Test func `an AMI of somebody else's machine that failed is named, and the machine`() async throws {
        let (test, other) = try await kitchen()
        let theirs = try await startElsewhere(test, other)
        test.aws.behaviour.failingImages = 1
        let first = test.run
        var second = test.run
        second.store = other
        async let outcome = first.register()
        await first.said.wait(for: "eu-west-1: \(theirs) bakes 'kitchen/machine/1/")
        #expect(second.failure(of: try await second.register()).status == 1)
        let (status, lines) = first.failure(of: try await outcome)
        let ami = try #require(test.aws.images("eu-west-1").first?.id)
        #expect(status == 1)
        #expect(
            lines.contains(
                "[aws-call]\n  why: eu-west-1: \(theirs) was baked on for somebody with another store, and \(ami) in "
                    + "eu-west-1 failed: "
            ),
            "\(lines)"
        )
        #expect(lines.contains("  fix: deregister that AMI, and run the command again"), "\(lines)")
        #expect(test.aws.instances("eu-west-1").count == 1)
    }
}
