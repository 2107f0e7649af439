import AWS
import Bakefiles
import FakeAWS
import HTTPTransport
import MachineImages
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// What stays, what goes, and whose AMI is taken.
@Suite("What users wished: keeping") struct KeepingScenarios {
    /// hashicorp/packer#1873, #3399; osbuild/osbuild-composer#4418: a job that was run again deregistered the AMI of a group in
    /// service.
    @Test func `no job deregisters what a stack or a group starts, however often it is run`() async throws {
        let test = try await RegisterKitchen()
        let first = try #require(try await test.run.registered()["eu-west-1"]?.ami)
        test.aws.setStack(Stack("shop", template: "{}", [.init("BaseAmi", first)]))
        try await test.add("more", bytes: 1000)
        let second = try #require(try await test.run.registered()["eu-west-1"]?.ami)
        test.aws.setLaunchConfiguration(LaunchConfiguration("web", image: second))
        try await test.add("still-more", bytes: 1000)
        let third = try #require(try await test.run.registered()["eu-west-1"]?.ami)
        for _ in 1...2 { try await test.run.registered() }
        let names = test.aws.images("eu-west-1").map(\.name)
        #expect(Set(names).count == 3)
        for ami in [first, second, third] { test.aws.makeOlder(ami, seconds: 3600) }
        let prune = ["ami", "prune", "--releases", "0", "--keep", "0", "--older-than", "0s", "--apply"]
        let result = try await test.kitchen.ovenbird(prune, environment: test.aws.environment())
        #expect(result.status == 0, "\(result.said)")
        #expect(result.text.contains("stays: used by stack 'shop', parameter 'BaseAmi'\n"), "\(result.text)")
        #expect(result.text.contains("stays: used by launch configuration 'web'\n"), "\(result.text)")
        #expect(test.aws.images("eu-west-1").map(\.id) == [first, second])
        #expect(result.said.contains("eu-west-1: \(third) is deregistered\n"))
    }

    /// wata727/packer-plugin-amazon-ami-management#25.
    @Test func `without --apply it says what would go, and why the rest stays`() async throws {
        let test = try await PruneKitchen()
        let made = try await test.make("1", "2", "3")
        let before = test.state()
        let result = try await test.prune("--keep", "1")
        #expect(result.status == 0 && result.said == "", "\(result.said)")
        #expect(
            result.text == """
                IMAGE  VERSION  REGION     AMI                     AGE
                base   3        eu-west-1  \(made[2].ami)  10 d  stays: the newest
                base   2        eu-west-1  \(made[1].ami)  11 d  would go
                base   1        eu-west-1  \(made[0].ami)  12 d  would go
                2 AMIs and 2 snapshots would go; '--apply' lets them

                """
        )
        #expect(test.state() == before)
        #expect(!Files.exists(test.kitchen.store))
    }

    /// hashicorp/packer#6584: the newest AMI of a name was a miner of Monero, of somebody who had waited for it.
    @Test func `an AMI is taken of a named owner alone`() async throws {
        let kitchen = try await Kitchen(
            InstanceKitchen.bakefile(
                steps: ["file: { path: /etc/app, content: x }"],
                regions: ["eu-west-1"],
                builder: "types: [t3.small]"
            ).replacing("owner: \"136693071363\"", with: "most-recent: true")
        )
        let refused = try await kitchen.ovenbird(["check"])
        #expect(refused.status == 2)
        #expect(refused.error.contains("Bakefile:13:"), "\(refused.error)")
        #expect(refused.error.contains("'owner'"), "\(refused.error)")
        let aws = try await FakeAWS.start()
        let good = aws.addImage(name: "small-1", owner: "136693071363")
        let bad = aws.addImage(name: "small-2", owner: "666666666666")
        aws.makeOlder(good, seconds: 86_400)
        let environment = aws.environment()
        let found = try await WebClient.with(trust: .standard(environment)) { client in
            let session = AWSSession(environment: environment, profile: nil, carrier: client)
            return try await SourceAMI.named("small-*", owner: "136693071363", isNewest: true)
                .resolved(with: session, in: "eu-west-1", architecture: "amd64")
        }
        #expect(found == good && found != bad)
    }

    /// hashicorp/packer#7032, #6888.
    @Test func `what is checked and planned needs no credentials`() async throws {
        let test = try await RegisterKitchen(share: ["444455556666"])
        let environment = ["AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"]
        for command in ["check", "plan"] {
            let result = try await test.kitchen.ovenbird([command], environment: environment)
            #expect(result.status == 0, "\(command): \(result.error)")
        }
    }

    /// hashicorp/packer#3831: an AMI that does not work was shared before anybody had tried it.
    @Test func `an image whose tests fail is in no release, and becomes no AMI`() async throws {
        let test = try await RegisterKitchen(share: ["444455556666"])
        try test.rewrite(
            "    disk:",
            "      - file: { path: /etc/new, content: x }\n    tests: [{ file: { path: /etc/hostname, content: other } }]\n    disk:"
        )
        #expect(try await test.kitchen.ovenbird(["bake"]).status == 3)
        let old = try test.kitchen.identity(of: "machine").identity
        try await test.run.registered()
        #expect(test.aws.images("eu-west-1").map { $0.tags["ovenbird:identity"] } == [old])
    }
}
