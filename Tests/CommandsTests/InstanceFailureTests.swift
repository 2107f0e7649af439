import FakeAWS
import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite(
    "What goes wrong with baking on instances",
    .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces")
)
struct InstanceFailureTests {
    @Test func `a command that wants a restart is run again after it`() async throws {
        var behaviour = Behaviour()
        behaviour.lostAgentPolls = 1
        let test = try await InstanceKitchen(
            steps: ["run: if [ -e /etc/broken ]; then rm /etc/broken; echo restart; exit 194; fi; echo again"],
            behaviour
        )
        try test.kitchen.work.write("x\n", to: "root/etc/broken")
        let result = try await test.register()
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.error.contains(
                "\nrestart\novenbird: machine:run-1: the command wants a restart, and to be run again\n"
            )
        )
        #expect(result.error.contains("\nagain\n"))
        let image = try #require(test.aws.images("eu-west-1").first)
        #expect(try await test.differences(of: image.id) == "")
    }

    @Test func `all that is missing is said before anything is started`() async throws {
        let test = try await InstanceKitchen(
            builder: "types: [t3.small]\n        subnet: subnet-0123456789abcdef0"
        )
        let bakefile = String(decoding: try Files.read(test.kitchen.work.file("Bakefile")), as: UTF8.self)
        try test.kitchen.work.write(
            bakefile.replacing("profile: builder", with: "profile: nobody").replacing(
                "bucket: bakes",
                with: "bucket: none"
            ),
            to: "Bakefile"
        )
        let result = try await test.register()
        #expect(result.status == 2)
        #expect(
            result.error.contains(
                """
                [builder-not-ready]
                  why: eu-west-1: there is no bucket 'none'; there is no instance profile 'nobody'; there is no subnet \
                'subnet-0123456789abcdef0'
                  fix: correct it, and run the command again: nothing was started
                """
            ),
            "\(result.error)"
        )
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
    }

    @Test func `a network without a way out needs endpoints, and a role its policy`() async throws {
        let test = try await InstanceKitchen()
        let network = test.aws.addNetwork(.none, endpoints: ["ssm"])
        test.aws.add(InstanceProfile("builder", role: "poor", policies: []))
        let bakefile = String(decoding: try Files.read(test.kitchen.work.file("Bakefile")), as: UTF8.self)
        try test.kitchen.work.write(
            bakefile.replacing("bucket: bakes", with: "bucket: bakes\n        subnet: \(network.subnet)"),
            to: "Bakefile"
        )
        let result = try await test.register()
        #expect(result.status == 2)
        for service in ["s3", "ssmmessages"] {
            #expect(
                result.error.contains(
                    "'\(network.subnet)' has no way out, and its network '\(network.vpc)' no endpoint for '\(service)'"
                ),
                "\(result.error)"
            )
        }
        #expect(!result.error.contains("endpoint for 'ssm'"))
        #expect(result.error.contains("the role 'poor' has not the policy 'AmazonSSMManagedInstanceCore'"))
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
    }

    @Test func `a source that is none, or one of several, is said`() async throws {
        let test = try await InstanceKitchen()
        test.aws.addImage(name: "small-2", owner: "136693071363", root: test.kitchen.work.file("root"))
        let several = try await test.register()
        #expect(several.status == 2)
        #expect(
            several.error.contains(
                "why: eu-west-1: '136693071363' has 2 AMIs 'small-*', such as 'small-2', 'small-1': say 'most-recent: true' "
                    + "for the newest"
            ) || several.error.contains("such as 'small-1', 'small-2'"),
            "\(several.error)"
        )
        let bakefile = String(decoding: try Files.read(test.kitchen.work.file("Bakefile")), as: UTF8.self)
        func write(_ source: String) throws {
            try test.kitchen.work.write(
                bakefile.replacing("{ name: \"small-*\", owner: \"136693071363\" }", with: source),
                to: "Bakefile"
            )
        }
        try write("{ parameter: /aws/service/small }")
        #expect(
            try await test.register().error.contains(
                "the release's image starts from another AMI than the Bakefile says: bake it again"
            )
        )
        try await test.kitchen.run("bake")
        #expect(try await test.register().error.contains("eu-west-1: there is no parameter '/aws/service/small'"))
        test.aws.setPublicParameter("/aws/service/small", to: "small")
        #expect(try await test.register().error.contains("the parameter '/aws/service/small' is no AMI: 'small'"))
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
        let arm = test.aws.addImage(name: "arm", owner: "136693071363", architecture: "arm64")
        test.aws.setPublicParameter("/aws/service/small", to: arm)
        #expect(
            try await test.register().error.contains("the AMI '\(arm)' is for arm64, and the image for x86_64")
        )
        test.aws.setPublicParameter("/aws/service/small", to: test.source)
        try await test.registered()
        #expect(test.aws.images("eu-west-1").first?.tags["ovenbird:source"] == test.source)
        try write("{ name: small-3, owner: self }")
        try await test.kitchen.run("bake")
        #expect(try await test.register().error.contains("eu-west-1: 'self' has no AMI 'small-3' for x86_64"))
    }

    @Test func `an image for a machine of EC2 is not registered from its layers`() async throws {
        let test = try await InstanceKitchen()
        let bakefile = String(decoding: try Files.read(test.kitchen.work.file("Bakefile")), as: UTF8.self)
        let lines = bakefile.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0 != "    builder:" }
        try test.kitchen.work.write(lines.joined(separator: "\n") + "\n", to: "Bakefile")
        let result = try await test.register()
        #expect(result.status == 2)
        #expect(
            result.error.contains(
                """
                [region-unfit]
                  why: the release has 'machine' for a machine of EC2, and the Bakefile has no 'builder' for it
                  fix: write the 'builder' that it was baked with, or bake it again
                """
            ),
            "\(result.error)"
        )
        #expect(test.aws.lines(onlyChanges: true).isEmpty)
    }

    @Test func `what may not be looked at is said, and taken for good`() async throws {
        var behaviour = Behaviour()
        behaviour.denied = ["iam:GetInstanceProfile"]
        let test = try await InstanceKitchen(behaviour)
        let result = try await test.register()
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.error.contains(
                "eu-west-1: the profile 'builder' cannot be checked: iam:GetInstanceProfile is not allowed\n"
            )
        )
    }

    @Test func `what is not to be had at spot price is tried as another kind, and then by the hour`() async throws {
        var behaviour = Behaviour()
        behaviour.exhausted = ["spot:*", "t3.small"]
        let test = try await InstanceKitchen(
            builder: "types: [t3.small, t3.medium]\n        spot: true",
            behaviour
        )
        try await test.registered()
        #expect(test.aws.instances("eu-west-1").map(\.type) == ["t3.medium"])
        #expect(test.aws.instances("eu-west-1").map(\.isSpot) == [false])
        try test.expectNothingLeft()
        behaviour.exhausted = ["t3.small"]
        let none = try await InstanceKitchen(behaviour)
        let result = try await none.register()
        #expect(result.status == 4)
        #expect(
            result.error.contains("why: eu-west-1: no machine is to be had: t3.small: InsufficientInstanceCapacity"),
            "\(result.error)"
        )
        try none.expectNothingLeft()
    }

    @Test func `a spot machine becomes an image without a stop`() async throws {
        let test = try await InstanceKitchen(builder: "types: [t3.small]\n        spot: true")
        try await test.registered()
        #expect(test.aws.instances("eu-west-1").map(\.isSpot) == [true])
        let image = try #require(test.aws.images("eu-west-1").first)
        #expect(try await test.differences(of: image.id) == "")
        try test.expectNothingLeft()
    }

    @Test func `a machine that is taken away is told, and the next run takes another one`() async throws {
        let test = try await InstanceKitchen(builder: "types: [t3.small]\n        spot: true")
        let held = test.aws.hold(after: "SendCommand")
        #expect(try await test.killed(at: held).status == 128 + 9)
        let first = try #require(test.aws.instances("eu-west-1").first).id
        test.aws.interrupt(first)
        let result = try await test.register()
        #expect(result.status == 0, "\(result.error)")
        #expect(test.aws.instances("eu-west-1").count == 2 && test.aws.images("eu-west-1").count == 1)
        try test.expectNothingLeft()
    }

    /// Until it is off, it may put there what the step says.
    @Test(arguments: [(2, 3), (1000, 10)])
    func `what a machine has in the bucket is removed once it is off, or takes long`(polls: Int, looks: Int)
        async throws
    {
        var behaviour = Behaviour()
        behaviour.endingInstancePolls = polls
        let test = try await InstanceKitchen(steps: ["run: if [ -e /etc/broken ]; then exit 3; fi"], behaviour)
        try test.kitchen.work.write("x\n", to: "root/etc/broken")
        let run = test.run
        let (status, lines) = run.failure(of: try await run.register())
        #expect(status == 4 && lines.contains("[builder-failed]"), "\(lines)")
        let ending = test.aws.calls.drop { $0.operation != "TerminateInstances" }
        #expect(ending.contains { $0.operation == "DeleteObject" })
        #expect(ending.prefix { $0.operation != "DeleteObject" }.count { $0.operation == "DescribeInstances" } >= looks)
        let instance = try #require(test.aws.instances("eu-west-1").first).id
        #expect(
            run.said.lines.contains("eu-west-1: \(instance) is not off yet") == (polls == 1000),
            "\(run.said.lines)"
        )
        try test.expectNothingLeft()
    }

    @Test func `who does not wait for a machine to be off leaves what it has to the next run`() async throws {
        var behaviour = Behaviour()
        behaviour.endingInstancePolls = 2
        let test = try await InstanceKitchen(steps: ["run: if [ -e /etc/broken ]; then exit 3; fi"], behaviour)
        try test.kitchen.work.write("x\n", to: "root/etc/broken")
        var run = test.run
        run.before = { [aws = test.aws] request in
            guard request.isCall("DescribeInstances"), aws.lines().contains("ec2:TerminateInstances") else { return }
            withUnsafeCurrentTask { $0?.cancel() }
        }
        _ = try? await run.register()
        #expect(!test.aws.keys(inBucket: "bakes").isEmpty && !test.aws.lines().contains("s3:DeleteObject"))
        try Files.removeFile(test.kitchen.work.file("root/etc/broken"))
        try await test.run.registered()
        #expect(test.aws.instances("eu-west-1").count == 2)
        try test.expectNothingLeft()
    }

    @Test func `what a killed run left of an earlier state is taken away by the next one`() async throws {
        let test = try await InstanceKitchen()
        #expect(try await test.killed(at: test.aws.hold(before: "SendCommand")).status == 128 + 9)
        try test.kitchen.work.write("[other]\n", to: "files/app.conf")
        try await test.kitchen.run("bake")
        try await test.registered()
        #expect(test.aws.images("eu-west-1").count == 1 && test.aws.instances("eu-west-1").count == 2)
        try test.expectNothingLeft()
    }

    @Test func `other regions get copies`() async throws {
        let test = try await InstanceKitchen(regions: ["eu-west-1", "us-east-1"])
        let placed = try await test.registered()
        let copy = try #require(test.aws.images("us-east-1").first)
        #expect(placed["us-east-1"]?["ami"]?.stringValue == copy.id && test.aws.instances("us-east-1").isEmpty)
        let identity = try test.kitchen.identity(of: "machine").identity
        #expect(copy.tags["ovenbird:identity"] == identity)
        #expect(test.aws.snapshots("us-east-1").first?.tags["ovenbird:identity"] == identity)
        let changes = test.aws.lines(onlyChanges: true).count
        try await test.registered()
        #expect(test.aws.lines(onlyChanges: true).count == changes)
    }

    @Test func `services that do not agree at once, throttle and fail are got along with`() async throws {
        var behaviour = Behaviour()
        behaviour.unknownInstanceRequests = 1
        behaviour.pendingInstancePolls = 1
        behaviour.stoppingInstancePolls = 1
        behaviour.unstoppedImageRequests = 1
        behaviour.unknownAgentPolls = 1
        behaviour.unknownInvocationRequests = 1
        behaviour.pendingInvocationPolls = 1
        behaviour.pendingImagePolls = 1
        behaviour.throttlesEvery = 11
        behaviour.failsEvery = 13
        let test = try await InstanceKitchen(behaviour)
        try await test.registered()
        #expect(test.aws.instances("eu-west-1").count == 1 && test.aws.images("eu-west-1").count == 1)
        try test.expectNothingLeft()
    }
}
