import FakeAWS
import MachineImages
import Glibc
import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Waits that take longer than anybody thought.
@Suite("What users wished: waits") struct WaitScenarios {
    /// The copy takes longer than an hour, at which waits were given up.
    ///
    /// hashicorp/packer#6536, #6526, #6732, #8415, #8299, #7472, #7719, #13143; awslabs/amazon-eks-ami#1042;
    /// scylladb/scylla-machine-image#352; opendevstack/ods-core#1070; osbuild/osbuild-composer#554, #2961;
    /// NixOS/amis#294; bottlerocket-os/twoliter#603; hashicorp/terraform-provider-aws#36757.
    @Test func `what is pending for longer than an hour is waited for, which is said again and again`() async throws {
        var behaviour = Behaviour()
        behaviour.sealingSeconds = 600
        let test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            also: "copy-from: eu-west-1",
            behaviour
        )
        test.aws.meanwhile(at: "CopyImage") { $0.behaviour.pendingImageSeconds = 4200 }
        let run = test.run
        let placed = try await run.registered()
        let copy = try #require(test.aws.images("us-east-1").first)
        #expect(placed["us-east-1"]?.ami == copy.id && placed.count == 2)
        let waits = run.said.lines.filter { $0.hasPrefix("us-east-1: \(copy.id) is pending, for ") }
        #expect(waits.count > 10 && waits.last?.hasSuffix(" s now") == true)
        #expect(run.said.lines.contains { $0.hasPrefix("eu-west-1: snap-") && $0.hasSuffix(" s now") })
    }

    /// hashicorp/packer#1533: "a way to retry without repeating all the expensive work"; #8415; the limits of CI systems.
    @Test func `whoever has a limit says it, and the next run has only the wait before it`() async throws {
        var behaviour = Behaviour()
        behaviour.pendingImagePolls = 1
        let test = try await RegisterKitchen(behaviour)
        let result = try await test.register("--patience", "0s")
        let ami = try #require(test.aws.images("eu-west-1").first?.id)
        #expect(result.status == 8)
        #expect(
            result.error.hasSuffix(
                """
                error: 'machine' is not registered in eu-west-1 [still-waiting]
                  why: eu-west-1: \(ami) is pending after 0 s
                  fix: run the command again: it goes on where it was

                """
            ),
            "\(result.error)"
        )
        let changes = test.aws.lines(onlyChanges: true)
        #expect(try await test.run.registered()["eu-west-1"]?.ami == ami)
        #expect(test.aws.lines(onlyChanges: true) == changes)
    }

    /// The same where a CI server ends the job in the middle of the wait.
    ///
    /// hashicorp/packer#1533; opendevstack/ods-core#1070; osbuild/osbuild-composer#2961.
    @Test func `a wait that is cut off is taken up again, and nothing else is done again`() async throws {
        let test = try await RegisterKitchen()
        // The first two look for an AMI of the name.
        let held = test.aws.hold(before: "DescribeImages", nth: 3)
        let result = try await test.killed(at: held, by: SIGTERM)
        #expect(result.status == 128 + 15)
        #expect(result.error.hasSuffix("the next 'ovenbird register' goes on with it\n"), "\(result.error)")
        let changes = test.aws.lines(onlyChanges: true)
        #expect(changes.last == "ec2:RegisterImage")
        #expect(try await test.run.registered()["eu-west-1"]?.ami == test.aws.images("eu-west-1").first?.id)
        #expect(test.aws.lines(onlyChanges: true) == changes)
    }

    /// hashicorp/packer#7954, #12779, #13143; packer-plugin-amazon#502: "failed waiting for successful resource state".
    @Test func `a copy that fails for its key says so, and keeps no other from being made`() async throws {
        var test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1", "us-west-2"],
            also: "copy-from: eu-west-1, keys: { us-east-1: alias/images }"
        )
        let key = Key("11111111-2222-3333-4444-555555555555", in: "us-east-1", aliases: ["alias/images"])
        try await test.startAnew { $0.setKey(key) }
        test.aws.meanwhile(at: "CopyImage") { aws in
            var disabled = key
            disabled.state = .disabled
            aws.setKey(disabled)
        }
        let run = test.run
        let outcome = try await run.register()
        #expect(outcome.placed.map(\.placed.region) == ["eu-west-1", "us-west-2"])
        let ami = try #require(test.aws.images("us-east-1").first?.id)
        let (status, lines) = run.failure(of: outcome)
        #expect(status == 1)
        #expect(
            lines.contains(
                "'machine' is not registered in us-east-1 [aws-call]\n  why: \(ami) in us-east-1 failed: Given key ID is not accessible"
            ),
            "\(lines)"
        )
    }

    /// hashicorp/packer#4771.
    @Test func `an AMI is copied to a further region later, without another bake`() async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.run.registered()["eu-west-1"])
        try test.rewrite("regions: [eu-west-1]", "regions: [eu-west-1, us-east-1], copy-from: eu-west-1")
        let count = test.aws.calls.count
        let placed = try await test.run.registered()
        #expect(placed["eu-west-1"]?.ami == first.ami && placed["eu-west-1"]?.isUnchanged == true)
        #expect(test.aws.images("us-east-1").map(\.sourceImage) == [first.ami])
        #expect(test.aws.calls.dropFirst(count).filter(\.changes).map(\.operation) == ["CopyImage"])
    }
}
