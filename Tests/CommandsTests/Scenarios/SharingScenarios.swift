import FakeAWS
import MachineImages
import HTTPTransport
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Who may use an AMI, and what is on it.
@Suite("What users wished: sharing and tags") struct SharingScenarios {
    /// hashicorp/packer#4009.
    @Test func `what is there is shared at once, and waits for no other region`() async throws {
        let test = try await RegisterKitchen(regions: ["eu-west-1", "us-east-1"], share: ["444455556666"])
        var run = test.run
        let said = run.said
        run.before = { [aws = test.aws] request in
            guard request.isCall("RegisterImage", in: "us-east-1") else { return }
            await said.wait(for: "eu-west-1: ami-")
            aws.behaviour.pendingImageSeconds = 3600
        }
        try await run.registered()
        let calls = test.aws.calls
        let shared = try #require(calls.first { $0.operation == "ModifyImageAttribute" })
        let last = try #require(calls.last { $0.operation == "DescribeImages" })
        #expect(shared.region == "eu-west-1" && last.region == "us-east-1" && shared.number < last.number)
        #expect(["eu-west-1", "us-east-1"].allSatisfy { test.aws.images($0).map(\.users) == [["444455556666"]] })
    }

    /// The same where other regions copy.
    ///
    /// hashicorp/packer#4009.
    @Test func `the original is shared before the copies are begun`() async throws {
        let test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            share: ["444455556666"],
            also: "copy-from: eu-west-1"
        )
        test.aws.meanwhile(at: "CopyImage") { aws in
            #expect(aws.images("eu-west-1").map(\.users) == [["444455556666"]])
            aws.behaviour.pendingImageSeconds = 600
        }
        try await test.run.registered()
        #expect(test.aws.images("us-east-1").map(\.users) == [["444455556666"]])
    }

    /// An organisation's policy denies whatever is made without a tag.
    ///
    /// packer-plugin-amazon#591, #295, #327; hashicorp/packer#12624.
    @Test func `all that is made has its tags from the beginning, copies in other regions too`() async throws {
        var behaviour = Behaviour()
        behaviour.requiredTags = ["team", "cost center"]
        let test = try await RegisterKitchen(
            regions: ["eu-west-1", "us-east-1"],
            also: "copy-from: eu-west-1, parameter: /shop/machine, tags: { team: shop, cost center: 4711 }",
            behaviour
        )
        // Of one an answer is lost, which is no reason to put it again.
        test.aws.add(Fault(.lost, at: "PutParameter"))
        try await test.run.registered()
        for region in ["eu-west-1", "us-east-1"] {
            let image = try #require(test.aws.images(region).first)
            let snapshot = try #require(test.aws.snapshots(region).first)
            for tags in [image.tags, snapshot.tags] {
                #expect(tags["team"] == "shop" && tags["cost center"] == "4711" && tags["Name"] == image.name)
            }
            let parameter = try #require(test.aws.parameters(region).first)
            #expect(parameter.tags["team"] == "shop" && parameter.tags["cost center"] == "4711")
            #expect(parameter.tags["ovenbird:image"] == "machine" && parameter.value == image.id)
            #expect(parameter.versions.count == 1)
        }
        #expect(!test.aws.lines().contains("ec2:CreateTags"))
    }
}
