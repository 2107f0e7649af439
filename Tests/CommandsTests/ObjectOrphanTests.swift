import FakeAWS
import OCI
import SystemPackage
import TestSupport
import Testing

@Suite("Objects that bakes left", .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
struct ObjectOrphanTests {
    private static let apply = ["orphans", "--apply"]

    /// A bake that was killed while its machine ran, three days ago; the store that it had is the kitchen's own.
    private struct World {
        let test: InstanceKitchen
        let instance: String
        /// As orphans are called: `s3://bakes/ovenbird/bakes/kitchen/ID/`.
        let address: String
        /// All of them.
        let keys: [String]
        /// One that knows nothing of the bake.
        var other: FilePath { test.kitchen.store.removingLastComponent().appending("other") }

        init() async throws {
            let test = try await InstanceKitchen()
            #expect(try await test.killed(at: test.aws.hold(before: "SendCommand", nth: 2)).status == 128 + 9)
            let keys = test.aws.keys(inBucket: "bakes")
            let names = try #require(keys.first).split(separator: "/").prefix(4).joined(separator: "/")
            address = "s3://bakes/\(names)/"
            instance = try #require(test.aws.instances("eu-west-1").first?.id)
            (self.test, self.keys) = (test, keys)
            // What nobody here put there, and what another project's bake did.
            try await requireTool(
                pythonWithBotocore(),
                [
                    "-c",
                    """
                    import boto3
                    for key in [
                            "ovenbird/bakes/kitchen/readme", "ovenbird/bakes/kitchen/notes/1", "ovenbird/1",
                            "\(names.dropLast())x/1", "\(names)/1".replace("kitchen", "bakery"),
                            "\(names)/1".replace("kitchen", "kitchen-2"), "\(names)/1".replace("kitchen/", "")]:
                        boto3.client("s3").put_object(Bucket="bakes", Key=key, Body=b"x")
                    """,
                ],
                environment: test.aws.environment()
            )
        }

        func run(_ arguments: [String], store: FilePath) async throws -> ToolResult {
            try await test.kitchen.ovenbird(arguments, store: store, environment: test.aws.environment())
        }

        /// Those of the bake that are there.
        func left() -> [String] { test.aws.keys(inBucket: "bakes").filter { keys.contains($0) } }

        /// Why objects stay, by what they are called.
        func reasons(store: FilePath) async throws -> [String: [String]] {
            let result = try await run(["orphans", "--format", "json"], store: store)
            #expect(result.status == 0, "\(result.error)")
            let all = try JSONValue.parse(result.output)["orphans"]?.arrayValue ?? []
            let objects = all.filter { $0["kind"] == "objects" }
            return Dictionary(
                uniqueKeysWithValues: objects.map { orphan in
                    let reasons = orphan["reasons"]?.arrayValue?.compactMap(\.stringValue)
                    return (orphan["id"]?.stringValue ?? "", reasons ?? ["no reasons"])
                }
            )
        }

        func makeOlder() { test.aws.makeObjectsOlder(inBucket: "bakes", seconds: 3 * 86_400 + 60) }
    }

    @Test func `go once the machine is gone, the store is, and they are old`() async throws {
        let world = try await World()
        let (test, address) = (world.test, world.address)
        let machine = "\(world.instance) is its machine"
        let young = "it is younger than 48 h, and may be in work"
        let ours = "a bake of this store goes on with it"
        #expect(world.keys.count >= 3)
        #expect(try await world.reasons(store: test.kitchen.store) == [address: [machine, ours, young]])
        #expect(try await world.reasons(store: world.other) == [address: [machine, young]])
        world.makeOlder()
        #expect(try await world.reasons(store: world.other) == [address: [machine]])
        for store in [world.other, test.kitchen.store] {
            #expect(try await world.run(Self.apply, store: store).status == 0)
        }
        #expect(world.left() == world.keys)
        test.aws.terminate(world.instance)
        #expect(try await world.reasons(store: test.kitchen.store) == [address: [ours]])
        let listed = try await world.run(["orphans"], store: world.other)
        #expect(
            listed.text.contains(
                "objects  eu-west-1  \(address)  -      -        3 d  \(world.keys.count) objects  would be removed\n"
            ),
            "\(listed.text)"
        )
        #expect(world.left() == world.keys)
        let removed = try await world.run(Self.apply, store: world.other)
        #expect(removed.status == 0 && removed.said == "eu-west-1: \(address) is removed\n", "\(removed.said)")
        #expect(world.left() == [] && test.aws.keys(inBucket: "bakes").count == 7)
        #expect(try await world.reasons(store: world.other) == [:])
        try await test.aws.expectValidCalls()
    }

    @Test func `killed between two of them, the next run finishes`() async throws {
        let world = try await World()
        world.makeOlder()
        world.test.aws.terminate(world.instance)
        let killed = try await world.test.kitchen.killed(
            Self.apply,
            at: world.test.aws.hold(before: "DeleteObject", nth: 2),
            store: world.other,
            environment: world.test.aws.environment()
        )
        #expect(killed.status == 128 + 9 && world.left().count == world.keys.count - 1)
        #expect(try await world.run(Self.apply, store: world.other).status == 0)
        #expect(world.left() == [])
    }

    @Test func `what may not be listed or removed is said, and a bucket that is gone has none`() async throws {
        let world = try await World()
        world.makeOlder()
        world.test.aws.terminate(world.instance)
        world.test.aws.behaviour.denied = ["s3:ListObjectsV2"]
        let unseen = try await world.run(Self.apply, store: world.other)
        #expect(unseen.status == 3)
        #expect(
            unseen.said.hasPrefix(
                "error: what bakes left in the bucket 'bakes' could not be looked for [aws-call]\n"
                    + "  why: s3:ListObjectsV2 in eu-west-1: "
            ),
            "\(unseen.said)"
        )
        #expect(unseen.said.contains("  fix: allow 's3:ListBucket' to whoever these credentials are of"))
        world.test.aws.behaviour.denied = ["s3:DeleteObject"]
        let kept = try await world.run(Self.apply, store: world.other)
        #expect(kept.status == 3 && world.left() == world.keys)
        #expect(
            kept.said.hasPrefix("error: \(world.address) in eu-west-1 could not be removed [aws-call]\n"),
            "\(kept.said)"
        )
        #expect(kept.said.contains("  fix: allow 's3:DeleteObject' to whoever these credentials are of"))
        #expect(kept.text.contains("stays: it could not be removed\n"), "\(kept.text)")
        world.test.aws.behaviour.denied = []
        try world.test.kitchen.rewrite("bucket: bakes", "bucket: elsewhere")
        let gone = try await world.run(Self.apply, store: world.other)
        #expect(gone.status == 0 && gone.said == "nothing was left\n", "\(gone.said)")
        #expect(world.left() == world.keys)
    }
}
