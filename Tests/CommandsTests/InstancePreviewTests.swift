import FakeAWS
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("What baking on an instance would do", .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
struct InstancePreviewTests {
    private func entries(_ output: [UInt8]) throws -> [String: JSONValue] {
        let document = try JSONValue.parse(output)
        let entries = (document["aws"] ?? document)["registrations"]?.arrayValue ?? []
        return Dictionary(uniqueKeysWithValues: entries.map { ($0["region"]?.stringValue ?? "", $0) })
    }

    private func calls(_ entry: JSONValue?) -> [String] {
        (entry?["calls"]?.arrayValue ?? []).flatMap { call in
            Array(repeating: call["operation"]?.stringValue ?? "", count: Int(call["count"]?.integerValue ?? 0))
        }
    }

    @Test func `a dry run tells what is called then, and changes nothing`() async throws {
        let test = try await InstanceKitchen(regions: ["eu-west-1", "us-east-1"])
        let dry = try await test.register("--dry-run")
        #expect(dry.status == 0, "\(dry.error)")
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
        let foretold = try entries(dry.output)
        #expect(foretold["us-east-1"]?["copiedFrom"] == "eu-west-1")
        let here = try #require(foretold["eu-west-1"])
        #expect(here["permissions"] == .object(["ec2:RunInstances": "allowed"]))
        #expect(here["machine"]?["source"]?.stringValue == test.source && here["machine"]?["deadline"] == 7200)
        #expect(here["machine"]?["types"] == .strings(["t3.small"]))
        try await test.registered()
        let called = test.aws.lines(onlyChanges: true)
        #expect(called.sorted() == (calls(here) + calls(foretold["us-east-1"])).sorted())
        // Then it is there.
        let after = try entries(try await test.register("--dry-run").output)
        #expect(after["eu-west-1"]?["ami"] != nil && after["eu-west-1"]?["machine"] == nil)
        #expect(after.values.allSatisfy { calls($0).isEmpty })
        try await test.aws.expectValidCalls()
    }

    @Test func `in words, with what is denied`() async throws {
        var behaviour = Behaviour()
        behaviour.denied = ["ec2:RunInstances"]
        let test = try await InstanceKitchen(builder: "types: [t3.small, t3a.small]\n        spot: true", behaviour)
        let result = try await test.kitchen.ovenbird(["register", "--dry-run"], environment: test.aws.environment())
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.text.contains(
                """
                machine 1 in eu-west-1: would be baked on t3.small at spot price, or t3a.small at spot price, or t3.small, \
                or t3a.small, started from \(test.source)
                  price: that of the machine for at most 120 min, and of its disk and the bucket by use
                  calls: ec2:RunInstances, 2 x s3:PutObject, 3 x ssm:SendCommand, ec2:CreateImage, ec2:TerminateInstances, \
                5 x s3:DeleteObject
                  ec2:RunInstances: denied

                """
            ),
            "\(result.text)"
        )
    }

    @Test func `what is missing is said as a run would, and a plan asks, too`() async throws {
        let test = try await InstanceKitchen(builder: "types: [t3.small]\n        subnet: subnet-00000000000000000")
        for arguments in [["register", "--dry-run"], ["plan", "--online"]] {
            let result = try await test.kitchen.ovenbird(arguments, environment: test.aws.environment())
            #expect(result.status == 2)
            #expect(result.error.contains("there is no subnet 'subnet-00000000000000000'"), "\(result.error)")
        }
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
        try await test.aws.expectValidCalls()
    }

    @Test func `a plan asks EC2 without starting anything, with valid calls`() async throws {
        let test = try await InstanceKitchen()
        let result = try await test.kitchen.ovenbird(["plan", "--online"], environment: test.aws.environment())
        #expect(result.status == 0, "\(result.error)")
        #expect(test.aws.calls.contains { $0.operation == "RunInstances" && $0.parameters["DryRun"] == true })
        #expect(test.aws.lines(onlyChanges: true).isEmpty && test.aws.instances("eu-west-1").isEmpty)
        try await test.aws.expectValidCalls()
    }

    @Test func `a machine that a killed run left is told`() async throws {
        let test = try await InstanceKitchen()
        #expect(try await test.killed(at: test.aws.hold(before: "SendCommand", nth: 2)).status == 128 + 9)
        let changes = test.aws.lines(onlyChanges: true).count
        let entry = try #require(try entries(try await test.register("--dry-run").output)["eu-west-1"])
        #expect(entry["machine"]?["instance"]?.stringValue == test.aws.instances("eu-west-1").first?.id)
        #expect(!calls(entry).contains("ec2:RunInstances"))
        #expect(calls(entry).count { $0 == "ssm:SendCommand" } == 2)
        #expect(test.aws.lines(onlyChanges: true).count == changes)
        let text = try await test.kitchen.ovenbird(["register", "--dry-run"], environment: test.aws.environment()).text
        #expect(text.contains("machine 1 in eu-west-1: goes on with i-"), "\(text)")
    }

    @Test func `somebody who is at it is told, and that a run would share their AMI`() async throws {
        let test = try await InstanceKitchen()
        #expect(try await test.killed(at: test.aws.hold(before: "SendCommand")).status == 128 + 9)
        let other = test.kitchen.store.removingLastComponent().appending("other")
        try await test.kitchen.run("bake", "--first", store: other)
        let result = try await test.kitchen.ovenbird(
            ["register", "--dry-run"],
            store: other,
            environment: test.aws.environment()
        )
        let instance = try #require(test.aws.instances("eu-west-1").first).id
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.text
                == "machine 1 in eu-west-1: \(instance) bakes it already, for somebody with another store: it would be waited "
                + "for, and its AMI shared\n"
        )
        let document = try await test.kitchen.ovenbird(
            ["register", "--dry-run", "--format", "json"],
            store: other,
            environment: test.aws.environment()
        )
        let entry = try #require(try entries(document.output)["eu-west-1"])
        #expect(entry["machine"]?["other"]?.stringValue == instance && calls(entry).isEmpty)
    }

    /// Every call of a run, against what the policy allows.
    @Test func `the policy allows what is called, and each of its actions is called`() async throws {
        let test = try await InstanceKitchen(
            regions: ["eu-west-1", "us-east-1"],
            keys: ["eu-west-1": "alias/images", "us-east-1": "alias/images"]
        )
        for region in ["eu-west-1", "us-east-1"] {
            test.aws.setKey(Key("11111111-2222-3333-4444-555555555555", in: region, aliases: ["alias/images"]))
        }
        let network = test.aws.addNetwork(.none, endpoints: ["s3", "ssm", "ssmmessages"])
        let bakefile = String(decoding: try Files.read(test.kitchen.work.file("Bakefile")), as: UTF8.self)
        try test.kitchen.work.write(
            bakefile.replacing("bucket: bakes", with: "bucket: bakes\n        subnet: \(network.subnet)"),
            to: "Bakefile"
        )
        let start = test.aws.calls.count
        try await test.registered()
        // What is there is held to its key.
        try await test.registered()
        try await test.aws.expectValidCalls()
        let called = Set(
            test.aws.calls.dropFirst(start).map { call in
                let operation = call.operation == "ListObjectsV2" ? "ListBucket" : call.operation
                return "\(call.service.rawValue):\(operation)"
            }
        ).subtracting(["sts:GetCallerIdentity"])
        let policy = try JSONValue.parse(Array(try await test.kitchen.run("iam-policy").utf8))
        let statements = policy["Statement"]?.arrayValue ?? []
        let allowed = Set(statements.flatMap { $0["Action"]?.arrayValue ?? [] }.compactMap(\.stringValue))
        let implied: Set = [
            "ec2:CreateTags", "iam:PassRole", "kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom", "kms:ReEncryptTo",
        ]
        #expect(called == allowed.subtracting(implied))
        #expect(allowed.isSuperset(of: implied))
        #expect(Set(statements.compactMap { $0["Sid"]?.stringValue }).count == statements.count)
        func statement(_ name: String) -> JSONValue? { statements.first { $0["Sid"]?.stringValue == name } }
        #expect(statement("MoveBundles")?["Resource"] == .strings(["arn:aws:s3:::bakes/ovenbird/bakes/kitchen/*"]))
        for name in ["EndMachines", "ImageMachines"] {
            #expect(
                statement(name)?["Condition"]
                    == .object(["Null": .object(["aws:ResourceTag/ovenbird:bake": "false"])])
            )
        }
        #expect(
            statement("StartMachines")?["Condition"]
                == .object([
                    "ArnLike": .object([
                        "ec2:InstanceProfile": .strings([
                            "arn:aws:iam::*:instance-profile/*/builder", "arn:aws:iam::*:instance-profile/builder",
                        ])
                    ])
                ])
        )
        // No instance is started or imaged by what has no condition.
        for name in ["UseForMachines", "MakeImages"] {
            let resources = try #require(statement(name)?["Resource"]?.arrayValue)
            #expect(!resources.isEmpty && !resources.contains { $0.stringValue?.contains(":instance/") == true })
        }
        // Blocks are written for no machine.
        #expect(statement("FillSnapshots") == nil && statement("Register") == nil)
    }

    /// Whoever may start a machine, and not tag what comes with it, starts none.
    @Test(arguments: [true, false])
    func `the policy allows each kind of what is made, and to tag it`(isSpot: Bool) async throws {
        let test = try await InstanceKitchen(
            regions: ["eu-west-1", "us-east-1"],
            builder: "types: [t3.small]\n        spot: \(isSpot)"
        )
        try await test.registered()
        let policy = try JSONValue.parse(Array(try await test.kitchen.run("iam-policy").utf8))
        func kinds(_ action: String, within call: String? = nil) -> Set<String> {
            let statements = (policy["Statement"]?.arrayValue ?? []).filter { statement in
                let within = statement["Condition"]?["StringEquals"]?["ec2:CreateAction"]?.stringValue
                return statement["Action"]?.arrayValue?.contains(.string(action)) == true
                    && (within == nil || within == call)
            }
            let resources = statements.flatMap { $0["Resource"]?.arrayValue ?? [] }.compactMap(\.stringValue)
            return Set(
                resources.compactMap { $0.split(separator: ":").last?.split(separator: "/").first.map(String.init) }
            )
        }
        var made: Set<String> = []
        for call in test.aws.calls {
            for tagged in call.parameters["TagSpecifications"]?.arrayValue ?? [] {
                let kind = try #require(tagged["ResourceType"]?.stringValue)
                made.insert(kind)
                #expect(kinds("ec2:\(call.operation)").contains(kind), "\(call.operation) makes \(kind)")
                #expect(
                    kinds("ec2:CreateTags", within: call.operation).contains(kind),
                    "\(call.operation) tags \(kind)"
                )
            }
        }
        let always: Set = ["image", "instance", "network-interface", "snapshot", "volume"]
        #expect(made == always.union(isSpot ? ["spot-instances-request"] : []))
        // And nothing that is not made.
        #expect(kinds("ec2:CreateTags", within: "RunInstances") == made)
    }

    @Test func `the policy names the parameter that machines start from`() async throws {
        let test = try await InstanceKitchen()
        let bakefile = String(decoding: try Files.read(test.kitchen.work.file("Bakefile")), as: UTF8.self)
        for (name, resource) in [("/aws/service/a", "::parameter/aws/service/a"), ("/own/ami", ":*:parameter/own/ami")]
        {
            let new = bakefile.replacing(
                "{ name: \"small-*\", owner: \"136693071363\" }",
                with: "{ parameter: \(name) }"
            )
            try test.kitchen.work.write(new, to: "Bakefile")
            let policy = try JSONValue.parse(Array(try await test.kitchen.run("iam-policy").utf8))
            let found = policy["Statement"]?.arrayValue?.first { $0["Sid"] == "FindSources" }
            #expect(found?["Resource"] == .strings(["arn:aws:ssm:eu-west-1\(resource)"]))
        }
    }

    @Test func `elsewhere gets a copy of the AMI that there is`() async throws {
        let test = try await InstanceKitchen()
        let placed = try #require(try await test.registered()["eu-west-1"])
        let dry = try await test.register("--region", "us-east-1", "--dry-run")
        #expect(try entries(dry.output)["us-east-1"]?["copiedFrom"] == "eu-west-1", "\(dry.error)")
        let result = try await test.register("--region", "us-east-1")
        #expect(result.status == 0, "\(result.error)")
        #expect(test.aws.instances("us-east-1").isEmpty && test.aws.instances("eu-west-1").count == 1)
        let copy = try #require(test.aws.images("us-east-1").first)
        #expect(
            result.error.contains(
                "us-east-1: \(copy.id) is copied from \(placed["ami"]?.stringValue ?? "") in eu-west-1\n"
            )
        )
        let placements = try test.kitchen.release()["images"]?["machine"]?["placements"]?.arrayValue
        #expect(placements?.count == 2)
        // Of a third region, from what the release has where the first one's is gone.
        try test.aws.removeImage(#require(placed["ami"]?.stringValue))
        let third = try await test.register("--region", "eu-central-1")
        #expect(third.status == 0, "\(third.error)")
        #expect(third.error.contains(" is copied from \(copy.id) in us-east-1\n"), "\(third.error)")
    }
}
