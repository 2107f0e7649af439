import FakeAWS
import Glibc
import OCI
import SystemIO
import TestSupport
import Testing

@Suite("Pruning AMIs") struct PruneTests {
    @Test func `with --apply they go, with their snapshots, and nothing else does`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        try await test.make("1", image: "other")
        let foreign = try await test.complete("9", image: "third")
        let result = try await test.prune("base", "--keep", "1", "--apply")
        #expect(result.status == 0, "\(result.said)")
        #expect(result.text.hasSuffix("2 AMIs and 2 snapshots gone\n"))
        #expect(result.said.contains("eu-west-1: \(made[0].ami) is deregistered\n"))
        #expect(result.said.contains("eu-west-1: \(made[0].snapshot) is deleted\n"))
        #expect(
            test.aws.images("eu-west-1").map(\.name).map { String($0.prefix(15)) } == [
                "kitchen/base/3/", "kitchen/other/1",
            ]
        )
        #expect(test.aws.snapshots("eu-west-1").count == 3)
        #expect(test.aws.snapshot(foreign) != nil && test.aws.snapshot(made[2].snapshot) != nil)
        #expect(try test.begun() == [])
        let again = try await test.prune("base", "--keep", "1", "--apply")
        #expect(again.status == 0 && again.text.hasSuffix("0 AMIs and 0 snapshots gone\n"))
        try await test.aws.expectValidCalls()
    }

    @Test func `one version can be chosen, and is judged as always`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        #expect(
            try await test.verdicts("base:1", "base:3", "--keep", "1") == [
                made[0].ami: [], made[2].ami: ["the newest"],
            ]
        )
        #expect(try await test.verdicts("base:9") == [:])
    }

    @Test func `the young stay, and the newest`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        #expect(
            try await test.verdicts("--keep", "2", "--older-than", "12d") == [
                made[0].ami: [], made[1].ami: ["one of the newest 2", "only 11 d old"],
                made[2].ami: ["the newest", "only 10 d old"],
            ]
        )
    }

    // MARK: Killed and run again

    private static let arguments = ["ami", "prune", "--releases", "0", "--keep", "1", "--apply"]

    /// A world with two AMIs that may go, and one that stays.
    private func world() async throws -> PruneKitchen {
        let test = try await PruneKitchen()
        try await test.make("1", "2", "3")
        return test
    }

    @Test func `killed at any call, the next run finishes, nothing is doubled, and nothing is left`() async throws {
        let undisturbed = try await world()
        let first = undisturbed.aws.calls.count
        #expect(try await undisturbed.run(Self.arguments).status == 0)
        let calls = undisturbed.aws.calls.dropFirst(first)
        #expect(
            calls.filter(\.changes).map(\.operation) == [
                "DeregisterImage", "DeleteSnapshot", "DeregisterImage", "DeleteSnapshot",
            ]
        )
        try #require(calls.count > 20)
        let goal = undisturbed.state()
        // Whether one that only looks was carried out is nobody's matter.
        let places =
            (1...calls.count).map { ($0, true) }
            + calls.enumerated().filter { $0.element.changes }.map { ($0.offset + 1, false) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for start in 0..<3 {
                group.addTask {
                    for (number, isBefore) in stride(from: start, to: places.count, by: 3).map({ places[$0] }) {
                        let test = try await world()
                        let held =
                            isBefore ? test.aws.hold(before: nil, nth: number) : test.aws.hold(after: nil, nth: number)
                        let killed = try await test.kitchen.killed(
                            Self.arguments,
                            at: held,
                            environment: test.aws.environment()
                        )
                        #expect(killed.status == 128 + 9)
                        let call = held.call?.operation ?? "?"
                        let next = try await test.run(Self.arguments)
                        #expect(next.status == 0, "\(call): \(next.said)")
                        #expect(test.state() == goal, "killed \(isBefore ? "before" : "after") call \(number), \(call)")
                        #expect(
                            try test.begun() == [],
                            "killed \(isBefore ? "before" : "after") call \(number), \(call)"
                        )
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `services that throttle and fail, and answers that are lost, are got along with`() async throws {
        let test = try await world()
        let goal = try await world()
        #expect(try await goal.run(Self.arguments).status == 0)
        test.aws.behaviour.throttlesEvery = 11
        test.aws.behaviour.failsEvery = 13
        for operation in ["DeregisterImage", "DeleteSnapshot"] { test.aws.add(Fault(.lost, at: operation)) }
        let result = try await test.run(Self.arguments)
        #expect(result.status == 0, "\(result.said)")
        #expect(test.state() == goal.state())
        #expect(try test.begun() == [])
    }

    @Test func `one that cannot go keeps no other from going`() async throws {
        let test = try await world()
        let goal = try await world()
        #expect(try await goal.run(Self.arguments).status == 0)
        test.aws.add(Fault(.refused(status: 400, code: "OperationNotPermitted"), at: "DeregisterImage"))
        let count = test.aws.images("eu-west-1").count
        let result = try await test.run(Self.arguments)
        #expect(result.status == 1)
        #expect(result.text.contains("not gone, or not its snapshots"), "\(result.text)")
        #expect(
            result.said.contains("error: the AMIs could not be pruned in eu-west-1 [aws-call]\n  why: ec2:Deregister")
        )
        #expect(test.aws.images("eu-west-1").count < count && test.state() != goal.state())
        #expect(try await test.run(Self.arguments).status == 0)
        #expect(test.state() == goal.state())
        #expect(try test.begun() == [])
    }

    @Test func `an interrupted run says what it leaves, and the next one finishes it`() async throws {
        let early = try await world()
        let state = early.state()
        let looking = try await early.kitchen.killed(
            Self.arguments,
            at: early.aws.hold(before: "DescribeImages"),
            by: SIGTERM,
            environment: early.aws.environment()
        )
        #expect(looking.status == 128 + 15)
        #expect(looking.said == "eu-west-1: stopped; no AMI is pruned in part\n")
        #expect(early.state() == state)
        let test = try await world()
        let ami = try #require(test.aws.images("eu-west-1").first?.id)
        let result = try await test.kitchen.killed(
            Self.arguments,
            at: test.aws.hold(before: "DeleteSnapshot"),
            by: SIGTERM,
            environment: test.aws.environment()
        )
        #expect(result.status == 128 + 15)
        #expect(
            result.said == """
                eu-west-1: \(ami) is deregistered
                eu-west-1: stopped; \(ami) is pruned in part, and the next 'ovenbird ami prune --apply' finishes it

                """
        )
        let plan = try await test.prune("--keep", "1")
        #expect(
            plan.text.contains("eu-west-1: the pruning of \(ami) (base 1), which was stopped, would be finished\n"),
            "\(plan.text)"
        )
        let next = try await test.run(Self.arguments)
        #expect(next.said.contains("eu-west-1: \(ami), whose pruning was stopped, is pruned\n"), "\(next.said)")
        #expect(test.aws.images("eu-west-1").count == 1 && test.aws.snapshots("eu-west-1").count == 1)
    }

    @Test func `an AMI that is in use since a run was killed stays whole`() async throws {
        let test = try await world()
        let ami = try #require(test.aws.images("eu-west-1").first?.id)
        let killed = try await test.kitchen.killed(
            Self.arguments,
            at: test.aws.hold(before: "DeregisterImage"),
            environment: test.aws.environment()
        )
        #expect(killed.status == 128 + 9)
        #expect(try test.begun() == ["\(ami).pruning"])
        try await test.share(ami, with: "444455556666")
        #expect(try await test.run(Self.arguments).status == 0)
        #expect(test.aws.image(ami) != nil && test.aws.snapshots("eu-west-1").count == 2)
        #expect(try test.begun() == [])
    }

    // MARK: What is not known, and what is not there

    @Test func `who cannot be asked may be a user`() async throws {
        let test = try await world()
        let state = test.state()
        test.aws.behaviour.denied = ["cloudformation:DescribeStacks"]
        for arguments in [Self.arguments, Array(Self.arguments.dropLast())] {
            let result = try await test.run(arguments)
            #expect(result.status == 7)
            #expect(
                result.said.hasPrefix(
                    """
                    error: it is not known whether 2 AMIs are in use [unknown-users]
                      why: cloudformation:DescribeStacks in eu-west-1: AccessDenied
                    """
                ),
                "\(result.said)"
            )
            #expect(
                result.said.hasSuffix(
                    "  fix: allow 'cloudformation:DescribeStacks' to whoever these credentials are of; or leave these users "
                        + "out of account with '--ignore stacks'\n"
                )
            )
            #expect(result.text.contains("stays: not known whether used: stacks\n"))
        }
        #expect(test.state() == state)
        let ignoring = try await test.run(Self.arguments + ["--ignore", "stacks"])
        #expect(ignoring.status == 0, "\(ignoring.said)")
        #expect(test.aws.images("eu-west-1").count == 1)
    }

    @Test func `a store without releases does not know what they name`() async throws {
        let test = try await world()
        let result = try await test.run("ami", "prune", "--keep", "1", "--apply")
        #expect(result.status == 7)
        #expect(
            result.said == """
                error: the store has no release of 'kitchen' [release-not-found]
                  why: AMIs that the last releases name stay, and nobody knows which these are
                  fix: use the store of the bakes, or pass '--releases 0' to go by users, number and age alone

                """
        )
        #expect(test.aws.images("eu-west-1").count == 3)
    }

    @Test func `what fails in one region keeps no other from being pruned`() async throws {
        let regions = ["eu-west-1", "us-east-1"]
        let test = try await PruneKitchen(regions: regions)
        for region in regions { try await test.make("1", "2", region: region) }
        test.aws.add(Fault(.refused(status: 403, code: "UnauthorizedOperation"), at: "DeregisterImage"))
        let result = try await test.run(Self.arguments)
        #expect(result.status == 1)
        #expect(result.said.contains("error: the AMIs could not be pruned in "), "\(result.said)")
        #expect(result.said.contains("fix: allow 'ec2:DeregisterImage' to whoever these credentials are of"))
        #expect(regions.map { test.aws.images($0).count }.sorted() == [1, 2])
        #expect(try await test.run(Self.arguments).status == 0)
        for region in regions {
            #expect(test.aws.images(region).count == 1 && test.aws.snapshots(region).count == 1)
            #expect(try test.begun(region) == [])
        }
    }

    @Test func `a snapshot that another AMI needs stays`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2")
        let copy = try await test.registerByHand(made[0].snapshot)
        let result = try await test.run(Self.arguments)
        #expect(result.status == 0, "\(result.said)")
        #expect(result.text.contains("gone; \(made[0].snapshot) stays: \(copy) needs it\n"), "\(result.text)")
        #expect(test.aws.image(made[0].ami) == nil && test.aws.snapshot(made[0].snapshot) != nil)
    }

    @Test func `what is wrong with the call`() async throws {
        let test = try await PruneKitchen()
        let region = try await test.prune("--region", "EU West")
        #expect(region.status == 2)
        #expect(region.said.hasPrefix("error: 'EU West' is no region of AWS [option-value]\n"))
        let age = try await test.prune("--older-than", "3 weeks")
        #expect(age.status == 2 && age.said.contains("3 weeks"))
        let keep = try await test.prune("--keep", "-1")
        #expect(keep.status == 2)
        let releases = try await test.run("ami", "prune", "--releases=-1")
        #expect(releases.status == 2 && releases.said.contains("'--releases' is a number from 0"), "\(releases.said)")
        let users = try await test.prune("--ignore", "volumes")
        #expect(users.status == 2 && users.said.contains("volumes"))
        let nowhere = try await Kitchen().ovenbird(["ami", "prune"])
        #expect(nowhere.status == 2)
        #expect(nowhere.said.contains("has a region [no-region]\n  fix: pass '--region REGION'"), "\(nowhere.said)")
        #expect(test.aws.calls.isEmpty)
    }
}
