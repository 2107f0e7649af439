import AWS
import FakeAWS
import Glibc
import HTTPTransport
import MachineImages
import Store
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// A CI server that ends a job: every phase says what it leaves, and the next run goes on with it.
///
/// hashicorp/packer#5256; travis-ci/travis-ci#7082; spinnaker/spinnaker#4121.
@Suite("What users wished: the end of a job") struct TerminationScenarios {
    @Test func `registering says in all of its phases that the next run goes on`() async throws {
        let test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            share: ["444455556666"],
            also: "copy-from: eu-west-1, parameter: /shop/base"
        )
        for operation in [
            "GetCallerIdentity", "PutSnapshotBlock", "CompleteSnapshot", "RegisterImage", "ModifyImageAttribute",
            "PutParameter", "CopyImage",
        ] {
            let result = try await test.killed(at: test.aws.hold(before: operation), by: SIGTERM)
            #expect(result.status == 128 + 15, "\(operation)")
            #expect(
                result.said.hasSuffix(
                    "interrupted: what is begun is noted, and the next 'ovenbird register' goes on with it\n"
                ) && !result.error.contains("error:"),
                "\(operation): \(result.error)"
            )
        }
        try await test.run.registered()
        for region in ["eu-west-1", "us-east-1"] {
            #expect(test.aws.snapshots(region).count == 1)
            #expect(test.aws.images(region).map(\.users) == [["444455556666"]])
        }
    }

    @Test(.enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
    func `a bake on a machine says in all of its phases which machine stays, and until when`() async throws {
        let test = try await InstanceKitchen(steps: ["run: echo once >>/etc/count"])
        let first = try await test.killed(at: test.aws.hold(after: "RunInstances"), by: SIGTERM)
        #expect(first.status == 128 + 15)
        #expect(first.error.contains("eu-west-1: a machine may have been started, and stays until "), "\(first.error)")
        let instance = try #require(test.aws.instances("eu-west-1").first).id
        // Waiting for its agent; waiting for a command; stopping it; making the AMI; waiting for that; ending the machine.
        for (operation, isRunning) in [
            ("DescribeInstanceInformation", true), ("GetCommandInvocation", true), ("StopInstances", false),
            ("CreateImage", false), ("TerminateInstances", false),
        ] {
            let result = try await test.killed(at: test.aws.hold(before: operation), by: SIGTERM)
            #expect(result.status == 128 + 15, "\(operation)")
            #expect(
                result.error.contains(
                    isRunning
                        ? "eu-west-1: \(instance) stays until "
                        : "eu-west-1: \(instance) stays; run the command again to go on with it, or 'ovenbird orphans' to end it\n"
                ) && !result.error.contains("error:"),
                "\(operation): \(result.error)"
            )
        }
        try await test.run.registered()
        #expect(test.aws.instances("eu-west-1").count == 1 && test.aws.images("eu-west-1").count == 1)
        try test.expectNothingLeft()
    }

    /// Where it waits for another run that has the same store.
    @Test func `who waits for another run gives up waiting, and says that nothing is done in part`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        let store = try ArtifactStore.open(at: test.kitchen.store, mode: .readWrite)
        let folder = test.kitchen.store.appending("ovenbird/registrations/111122223333/eu-west-1")
        try Files.makeFolder(folder)
        let lock = try FileLock.acquire(folder.appending("lock"), .exclusive)
        let said = SaidLines()
        try await test.withSession { session in
            let pruning = Pruning(
                session: session,
                store: store,
                account: "111122223333",
                project: "kitchen",
                region: "eu-west-1",
                rule: PruneRule(keep: 0, age: 0, named: [:], now: session.clock.now()),
                ignoring: [],
                say: { said.add($0) }
            )
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await pruning.run({ _ in true }, done: { _ in })
                    }
                }
                group.cancelAll()
            }
        }
        lock.release()
        #expect(said.lines == ["eu-west-1: stopped; no AMI is pruned in part"])
        #expect(test.aws.images("eu-west-1").count == made.count)
    }

    @Test func `pruning and looking for orphans say that nothing is begun yet`() async throws {
        let test = try await PruneKitchen()
        for (arguments, words) in [
            (["ami", "prune", "--releases", "0", "--apply"], "stopped; no AMI is pruned in part\n"),
            (["orphans", "--apply"], "stopped; nothing is removed\n"),
        ] {
            let held = test.aws.hold(before: "GetCallerIdentity")
            let environment = test.aws.environment()
            let result = try await test.kitchen.killed(arguments, at: held, by: SIGTERM, environment: environment)
            #expect(result.status == 128 + 15 && result.said == words, "\(result.said)")
        }
    }
}
