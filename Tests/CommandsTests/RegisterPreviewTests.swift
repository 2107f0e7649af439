import FakeAWS
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite("What registering would do") struct RegisterPreviewTests {
    private func previews(_ test: RegisterKitchen, _ arguments: String...) async throws -> [String: JSONValue] {
        let result = try await test.kitchen.ovenbird(
            arguments + ["--format", "json"],
            environment: test.aws.environment()
        )
        try #require(result.status == 0, "\(result.error)")
        let document = try JSONValue.parse(result.output)
        let entries = (document["aws"] ?? document)["registrations"]?.arrayValue ?? []
        return Dictionary(uniqueKeysWithValues: entries.map { ($0["region"]?.stringValue ?? "", $0) })
    }

    @Test func `a dry run tells blocks, parent and calls, and changes nothing`() async throws {
        let test = try await RegisterKitchen(share: ["444455556666"], also: "deprecate-after: 1d")
        let first = try #require(try await previews(test, "register", "--dry-run")["eu-west-1"])
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
        let placed = try #require(try await test.registered()["eu-west-1"])
        #expect(first["blocks"] == placed["sentBlocks"] && first["parent"] == nil && first["ami"] == nil)
        // What was foretold is what was called.
        let calls = test.aws.calls.filter(\.changes).map { "\($0.service.rawValue):\($0.operation)" }
        let foretold = (first["calls"]?.arrayValue ?? []).flatMap { call in
            Array(repeating: call["operation"]?.stringValue ?? "", count: Int(call["count"]?.integerValue ?? 0))
        }
        #expect(calls == foretold)
        #expect(first["permissions"] == .object(["ec2:RegisterImage": "allowed"]))
        let there = try #require(try await previews(test, "register", "--dry-run")["eu-west-1"])
        #expect(there["ami"] == placed["ami"] && there["calls"] == .array([]))
        try await test.add("large", bytes: 3_000_000)
        let next = try #require(try await previews(test, "register", "--dry-run")["eu-west-1"])
        #expect(next["parent"] == placed["snapshot"] && next["parentBlocksRead"] == nil)
        #expect(next["blocks"] == (try await test.registered()["eu-west-1"]?["sentBlocks"]))
        try await test.aws.expectValidCalls()
    }

    @Test func `what may not be called is said`() async throws {
        var behaviour = Behaviour()
        behaviour.denied = ["ec2:RegisterImage"]
        let test = try await RegisterKitchen(behaviour)
        let text = try await test.register("--dry-run")
        #expect(text.status == 0)
        #expect(text.text.contains("machine 1 in eu-west-1: would be sent as "))
        #expect(text.text.contains("  calls: ebs:StartSnapshot, "))
        #expect(text.text.contains("  ec2:RegisterImage: denied\n"), "\(text.text)")
    }

    @Test func `a plan that asks tells it too, and writes nothing into the store`() async throws {
        let test = try await RegisterKitchen()
        let judge = [
            "find", test.kitchen.store.string, "-printf", "%P %s %T@\n",
        ]
        let before = try await requireTool(judge[0], Array(judge.dropFirst()))
        let preview = try #require(try await previews(test, "plan", "--online")["eu-west-1"])
        #expect((preview["blocks"]?.integerValue ?? 0) > 10)
        let after = try await requireTool(judge[0], Array(judge.dropFirst()))
        #expect(after == before, "before:\n\(before)after:\n\(after)")
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
        #expect(test.aws.calls.contains { $0.operation == "RegisterImage" && $0.parameters["DryRun"] == true })
        try await test.aws.expectValidCalls()
        try test.rewrite("machine\\n", "other\\n")
        let changed = try await test.kitchen.ovenbird(["plan", "--online"], environment: test.aws.environment())
        #expect(changed.status == 0)
        #expect(changed.error.contains("note: what 'machine' needs in AWS is known once it is baked"))
    }

    /// Every call of a run that does all there is to do, against what the policy allows.
    @Test func `the policy allows what is called, and each of its actions is called`() async throws {
        let keys = ["eu-west-1", "us-east-1"].map { region in
            Key(
                "11111111-2222-3333-4444-555555555555",
                in: region,
                aliases: ["alias/images"],
                policy: """
                    {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["111122223333", "444455556666"]}, "Action": "kms:*"}]}
                    """
            )
        }
        var test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            share: ["444455556666"],
            also:
                "keys: { eu-west-1: alias/images, us-east-1: \(keys[1].arn) }, copy-from: eu-west-1, parameter: /shop/base, deprecate-after: 1d, "
                + "launch-template: { name: shop, default: true }"
        )
        try await test.startAnew { aws in keys.forEach { aws.setKey($0) } }
        for region in ["eu-west-1", "us-east-1"] {
            try await requireTool(
                pythonWithBotocore(),
                [
                    "-c",
                    "import boto3; boto3.client('ec2').create_launch_template(LaunchTemplateName='shop', "
                        + "LaunchTemplateData={'ImageId': 'ami-00000000000000000'})",
                ],
                environment: test.aws.environment(region: region)
            )
        }
        let start = test.aws.calls.count
        try await test.registered()
        // A machine that knows nothing of the snapshots that there are reads one.
        try await test.forget()
        try await test.add("more", bytes: 1000)
        try await test.registered()
        let called = Set(test.aws.calls.dropFirst(start).map { "\($0.service.rawValue):\($0.operation)" })
            .subtracting(["sts:GetCallerIdentity"])
        let policy = try JSONValue.parse(Array(try await test.kitchen.run("iam-policy").utf8))
        let statements = policy["Statement"]?.arrayValue ?? []
        let allowed = Set(statements.flatMap { $0["Action"]?.arrayValue ?? [] }.compactMap(\.stringValue))
        // Tags come with what they are on, and the key is used by the services that call it.
        let implied: Set = [
            "ec2:CreateTags", "kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo", "ssm:AddTagsToResource",
        ]
        #expect(called == allowed.subtracting(implied))
        #expect(allowed.isSuperset(of: implied))
        #expect(Set(statements.compactMap { $0["Sid"]?.stringValue }).count == statements.count)
        try await test.aws.expectValidCalls()
        func statement(_ name: String) -> JSONValue? { statements.first { $0["Sid"]?.stringValue == name } }
        #expect(statement("FillSnapshots")?["Condition"] == nil)
        #expect(
            statement("FillSnapshots")?["Action"]
                == .strings(["ebs:CompleteSnapshot", "ebs:PutSnapshotBlock", "ebs:StartSnapshot"])
        )
        #expect(
            statement("ReadParents")?["Condition"]
                == .object(["Null": .object(["aws:ResourceTag/ovenbird:image": "false"])])
        )
        let byAlias = try #require(statements.first { $0["Sid"] == "UseKeys" })
        #expect(byAlias["Resource"] == .strings(["arn:aws:kms:eu-west-1:*:key/*"]))
        #expect(statements.first { $0["Sid"] == "UseKeys2" }?["Resource"] == .strings([keys[1].arn]))
        #expect(
            byAlias["Condition"]
                == .object(["ForAnyValue:StringEquals": .object(["kms:ResourceAliases": "alias/images"])])
        )
    }

    @Test func `without a region there is no policy`() async throws {
        let result = try await Kitchen().ovenbird(["iam-policy"])
        #expect(result.status == 2)
        #expect(
            result.error == """
                error: no machine image of the Bakefile has a region, and nothing is in a registry of AWS [no-region]
                  why: so it needs nothing that could be allowed
                  fix: give an image 'ami: { regions: [...] }', or a 'push:' to 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'

                """,
            "\(result.error)"
        )
    }
}
