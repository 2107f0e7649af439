import FakeAWS
import Glibc
import OCI
import SystemIO
import TestSupport
import Testing

@Suite("Orphans in AWS") struct OrphanTests {
    private static let arguments = ["orphans", "--apply"]

    /// A snapshot that was begun, one of no AMI, an AMI, and one that somebody works on; the first two are old.
    private func world() async throws -> (test: PruneKitchen, begun: String, loose: String, young: String) {
        let test = try await PruneKitchen()
        try await test.make("1")
        let begun = try await test.start("2", image: "second")
        let loose = try await test.complete("3")
        let young = try await test.start("4", image: "fourth")
        for id in [begun, loose] { test.aws.makeOlder(id, seconds: 3 * 86_400 + 60) }
        test.aws.makeOlder(young, seconds: 3660)
        return (test, begun, loose, young)
    }

    @Test func `are found by their tags, and what may be in work stays`() async throws {
        let (test, begun, loose, young) = try await world()
        let state = test.state()
        let result = try await test.run("orphans")
        #expect(result.status == 0 && result.said == "", "\(result.said)")
        #expect(
            result.text == """
                KIND      REGION     ID                      IMAGE   VERSION  AGE  STATE
                snapshot  eu-west-1  \(begun)  second  2        3 d  begun      would be removed
                snapshot  eu-west-1  \(loose)  base    3        3 d  of no AMI  would be removed
                snapshot  eu-west-1  \(young)  fourth  4        1 h  begun      stays: it is younger than 48 h, and may be in work

                """,
            "\(result.text)"
        )
        #expect(test.state() == state && !Files.exists(test.kitchen.store))
    }

    @Test func `with --apply they go, and nothing else does`() async throws {
        let (test, begun, loose, young) = try await world()
        let result = try await test.run(Self.arguments)
        #expect(result.status == 0)
        #expect(result.said == "eu-west-1: \(begun) is removed\neu-west-1: \(loose) is removed\n")
        #expect(test.aws.images("eu-west-1").count == 1 && test.aws.snapshots("eu-west-1").count == 2)
        #expect(test.aws.snapshot(young) != nil)
        let again = try await test.run("orphans", "--format", "json")
        let left = try JSONValue.parse(again.output)["orphans"]?.arrayValue ?? []
        #expect(left.map { $0["id"]?.stringValue } == [young] && left.first?["goes"] == false)
        try await test.aws.expectValidCalls()
    }

    @Test func `an account without any`() async throws {
        let test = try await PruneKitchen()
        try await test.make("1")
        let result = try await test.run(Self.arguments)
        #expect(result.status == 0 && result.text == "" && result.said == "nothing was left\n")
    }

    @Test func `killed at any call, the next run finishes`() async throws {
        let undisturbed = try await world().test
        let first = undisturbed.aws.calls.count
        #expect(try await undisturbed.run(Self.arguments).status == 0)
        let calls = undisturbed.aws.calls.dropFirst(first)
        let goal = undisturbed.state()
        for (place, call) in calls.enumerated() {
            for isBefore in call.changes ? [true, false] : [true] {
                let test = try await world().test
                let number = place + 1
                let held = isBefore ? test.aws.hold(before: nil, nth: number) : test.aws.hold(after: nil, nth: number)
                let environment = test.aws.environment()
                #expect(try await test.kitchen.killed(Self.arguments, at: held, environment: environment).status == 137)
                #expect(try await test.run(Self.arguments).status == 0)
                #expect(test.state() == goal, "killed \(isBefore ? "before" : "after") \(call.operation)")
            }
        }
    }

    @Test func `a snapshot that is taken into use in between stays`() async throws {
        let (test, begun, loose, _) = try await world()
        test.aws.add(Fault(.refused(status: 400, code: "InvalidSnapshot.InUse"), at: "DeleteSnapshot", nth: 2))
        let result = try await test.run(Self.arguments)
        #expect(result.status == 0, "\(result.said)")
        #expect(result.text.contains("of no AMI  stays: The script of the test says so\n"), "\(result.text)")
        #expect(test.aws.snapshot(begun) == nil && test.aws.snapshot(loose) != nil)
    }

    @Test func `what cannot be removed keeps nothing else, and is named at the end`() async throws {
        let (test, begun, loose, _) = try await world()
        test.aws.add(Fault(.refused(status: 403, code: "UnauthorizedOperation"), at: "DeleteSnapshot"))
        let result = try await test.run(Self.arguments)
        #expect(result.status == 3)
        #expect(test.aws.snapshot(begun) != nil && test.aws.snapshot(loose) == nil)
        #expect(
            result.said.hasPrefix(
                """
                eu-west-1: \(loose) is removed
                error: \(begun) in eu-west-1 could not be removed [aws-call]
                  why: ec2:DeleteSnapshot in eu-west-1: UnauthorizedOperation: The script of the test says so
                """
            ),
            "\(result.said)"
        )
        #expect(result.said.contains("fix: allow 'ec2:DeleteSnapshot' to whoever these credentials are of"))
        #expect(result.text.contains("  begun      stays: it could not be removed\n"), "\(result.text)")
        // What the service does not explain may work another time.
        test.aws.add(Fault(.refused(status: 400, code: "InternalWish"), at: "DeleteSnapshot"))
        let again = try await test.run(Self.arguments)
        #expect(again.status == 3)
        #expect(again.said.contains("fix: run 'ovenbird orphans --apply' again"), "\(again.said)")
        #expect(try await test.run(Self.arguments).said == "eu-west-1: \(begun) is removed\n")
    }

    @Test func `what fails is said with its region`() async throws {
        let (test, _, _, _) = try await world()
        test.aws.behaviour.denied = ["ec2:DescribeSnapshots"]
        let result = try await test.run(Self.arguments)
        #expect(result.status == 1)
        #expect(
            result.said.hasPrefix("error: orphans could not be looked for in eu-west-1 [aws-call]\n  why: ec2:Desc"),
            "\(result.said)"
        )
    }

    @Test func `machines that should have ended`() async throws {
        let test = try await PruneKitchen()
        let ami = try await test.make("1")[0].ami
        let ids = try await test.boto(
            """
            def run(*tags):
                started = ec2.run_instances(
                    ImageId="\(ami)", InstanceType="t3.micro", MinCount=1, MaxCount=1,
                    TagSpecifications=[{"ResourceType": "instance", "Tags": [
                        {"Key": "ovenbird:" + key, "Value": value} for key, value in tags]}])
                return started["Instances"][0]["InstanceId"]
            own, bake = [("project", "kitchen"), ("image", "base")], ("bake", "1")
            late = run(*own, bake, ("deadline", "2026-01-01T00:00:00Z"))
            early = run(*own, bake, ("deadline", "2999-01-01T00:00:00Z"))
            run(*own), run(("project", "shop"), bake, ("deadline", "2026-01-01T00:00:00Z"))
            print(late, early, end="")
            """
        ).split(separator: " ").map(String.init)
        let result = try await test.run(Self.arguments)
        #expect(result.status == 0 && result.said == "eu-west-1: \(ids[0]) is removed\n", "\(result.said)")
        #expect(result.text.contains("instance  eu-west-1  \(ids[0])  base   -"), "\(result.text)")
        #expect(result.text.contains("  removed\n"), "\(result.text)")
        #expect(result.text.contains("  stays: it ends itself at 2999-01-01T00:00:00Z\n"), "\(result.text)")
        let left = try JSONValue.parse(try await test.run("orphans", "--format", "json").output)["orphans"]?.arrayValue
        #expect(left?.map { $0["id"]?.stringValue } == [ids[1]])
        try await test.aws.expectValidCalls()
    }

    @Test func `an interrupted run says that the next one finds the rest`() async throws {
        let (test, begun, loose, _) = try await world()
        let result = try await test.kitchen.killed(
            Self.arguments,
            at: test.aws.hold(before: "DeleteSnapshot", nth: 2),
            by: SIGTERM,
            environment: test.aws.environment()
        )
        #expect(result.status == 128 + 15)
        #expect(
            result.said == """
                eu-west-1: \(begun) is removed
                eu-west-1: stopped; the next 'ovenbird orphans --apply' finds what is left

                """
        )
        #expect(try await test.run(Self.arguments).said == "eu-west-1: \(loose) is removed\n")
    }

    /// A registration that was killed, and one whose AMI is pruned.
    @Test func `what registrations of the store need stays`() async throws {
        let test = try await RegisterKitchen()
        func orphans() async throws -> [[String]] {
            for snapshot in test.aws.snapshots("eu-west-1") { test.aws.makeOlder(snapshot.id, seconds: 200_000) }
            let result = try await test.kitchen.ovenbird(
                ["orphans", "--format", "json"],
                environment: test.aws.environment()
            )
            return try JSONValue.parse(result.output)["orphans"]?.arrayValue?.map { orphan in
                orphan["reasons"]?.arrayValue?.compactMap(\.stringValue) ?? []
            } ?? []
        }
        #expect(try await test.killed(at: test.aws.hold(before: "PutSnapshotBlock", nth: 5)).status == 137)
        #expect(try await orphans() == [["a registration of this store goes on with it"]])
        let placed = try #require(try await test.registered()["eu-west-1"]?["snapshot"]?.stringValue)
        #expect(try await orphans() == [])
        let prune = ["ami", "prune", "--releases", "0", "--keep", "0", "--older-than", "0s", "--apply"]
        let pruned = try await test.kitchen.ovenbird(prune, environment: test.aws.environment())
        #expect(pruned.text.contains("gone; \(placed) stays: the next version is sent over it\n"), "\(pruned.text)")
        #expect(test.aws.images("eu-west-1").isEmpty)
        #expect(try await orphans() == [["the next version is sent over it"]])
        try await test.add("more", bytes: 100_000)
        #expect(try await test.registered()["eu-west-1"]?["parent"]?.stringValue == placed)
        // Now another one is the newest.
        #expect(try await orphans() == [[]])
    }

    @Test func `what releases name is not pruned`() async throws {
        let test = try await RegisterKitchen()
        let placed = try #require(try await test.registered()["eu-west-1"]?["ami"]?.stringValue)
        let prune = ["ami", "prune", "--keep", "0", "--older-than", "0s", "--apply"]
        let result = try await test.kitchen.ovenbird(prune, environment: test.aws.environment())
        #expect(result.status == 0, "\(result.said)")
        let release = Digester.digest(of: try Files.read(test.kitchen.work.file("out/release.json"))).short
        #expect(result.text.contains("stays: release \(release) names it"), "\(result.text)")
        #expect(test.aws.images("eu-west-1").map(\.id) == [placed])
    }
}
