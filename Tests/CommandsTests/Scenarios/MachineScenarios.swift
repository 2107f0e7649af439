import FakeAWS
import MachineImages
import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Commands

/// Machines that an image is baked on, and their agent.
@Suite("What users wished: builder machines", .enabled(if: canBakeOnInstances, "needs root, busybox and namespaces"))
struct MachineScenarios {
    private static let step = "run: echo done >/etc/done"
    /// Where it is not the deadline that is tested: of two runs one waits for whatever the other one does.
    private static let builder = "types: [t3.small]\n        deadline: 24h"

    /// One was heard of after 6 min 07 s, and nobody says that an agent is ready but a list of them.
    ///
    /// aws/aws-cli#3646; aws/aws-sdk-js-v3#3676; aws-samples/sample-one-click-generative-ai-solutions#92;
    /// DataDog/stratus-red-team#108; boto/boto3#2701; aws/aws-sdk#86; of machines: hashicorp/packer#2033.
    @Test func `an agent that comes after six minutes, and a command that is not known yet, are waited for`()
        async throws
    {
        let test = try await InstanceKitchen(steps: [Self.step], builder: Self.builder)
        test.aws.makeOlder(test.source, seconds: 3600)
        test.aws.behaviour.unknownSeconds = 60
        test.aws.behaviour.agentSeconds = 367
        test.aws.behaviour.unknownInvocationRequests = 3
        let run = test.run
        try await run.registered()
        let instance = try #require(test.aws.instances("eu-west-1").first)
        let words = "eu-west-1: \(instance.id) starts, and its agent was not heard of yet, for "
        #expect(run.said.lines.count { $0.hasPrefix(words) } > 1)
        let errors = test.aws.calls.compactMap(\.error)
        #expect(errors.contains("InvalidInstanceID.NotFound") && errors.contains("InvocationDoesNotExist"))
        #expect(!errors.contains("InvalidInstanceId"))
        try test.expectNothingLeft()
    }

    /// Of large machines both took that long; and right after "stopped" the service says that it is not stopped.
    ///
    /// hashicorp/packer#9579; packer-plugin-amazon#680, #682.
    @Test func `a stop of 19 minutes is waited for, and the end of the machine by nobody`() async throws {
        var behaviour = Behaviour()
        behaviour.stoppingInstancePolls = 120
        behaviour.unstoppedImageRequests = 3
        behaviour.endingInstancePolls = 1000
        let test = try await InstanceKitchen(steps: [Self.step], builder: Self.builder, behaviour)
        var run = test.run
        run.before = { [time = run.time] in time.hurry = $0.isCall("StopInstances") ? 100 : time.hurry }
        try await run.registered()
        #expect(test.aws.instances("eu-west-1").map(\.state) == [.shuttingDown])
        let calls = test.aws.calls
        let end = try #require(calls.last { $0.operation == "TerminateInstances" }).number
        #expect(!calls[end...].contains { $0.operation == "DescribeInstances" })
        #expect(calls.count { $0.operation == "CreateImage" } == 4)
    }

    /// aws/eks-anywhere#503, #385; itsdalmo/ssm-sh#7; umputun/spot#345: 24,000 characters are all that the service keeps.
    @Test func `output of any length comes whole`() async throws {
        let test = try await InstanceKitchen(steps: [
            "run: i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i of many that are said by a step; done"
        ])
        let run = test.run
        try await run.registered()
        let lines = run.said.lines.filter { $0.hasSuffix(" of many that are said by a step") }
        #expect(lines == (1...2000).map { "line \($0) of many that are said by a step" })
        #expect(lines.joined(separator: "\n").count > 80_000)
    }

    /// What a bake made beside its machine was left, and tunnels did not work: users asked for steps by Run Command.
    ///
    /// hashicorp/packer#1801, #7601, #9897, #10508, #7602, #11714, #9451; packer-plugin-amazon#169, #215;
    /// aws/session-manager-plugin#100.
    @Test func `no key pair, security group, port or tunnel is made, so none is left`() async throws {
        let test = try await InstanceKitchen(steps: [Self.step], builder: Self.builder)
        try await test.run.registered()
        #expect(
            Set(test.aws.lines(onlyChanges: true)) == [
                "ec2:RunInstances", "s3:PutObject", "ssm:SendCommand", "ec2:StopInstances", "ec2:CreateImage",
                "ec2:TerminateInstances", "s3:DeleteObject",
            ]
        )
        let start = try #require(test.aws.calls.first { $0.operation == "RunInstances" }).parameters
        #expect(start["KeyName"] == nil && start["SecurityGroupIds"] == nil && start["NetworkInterfaces"] == nil)
        try test.expectNothingLeft()
    }

    /// There were idle machines the next morning.
    ///
    /// hashicorp/packer#8149; amida-tech/api-boilerplate#1; scylladb/scylla-machine-image#407.
    @Test func `a machine ends itself at its deadline, though nobody is there any more`() async throws {
        let test = try await InstanceKitchen(steps: [Self.step])
        #expect(try await test.killed(at: test.aws.hold(before: "SendCommand")).status == 128 + 9)
        let instance = try #require(test.aws.instances("eu-west-1").first)
        #expect(instance.state == .running && instance.devices.allSatisfy(\.deletesOnTermination))
        test.aws.clock.advance(seconds: 7000)
        #expect(test.aws.instance(instance.id)?.state == .running)
        test.aws.clock.advance(seconds: 300)
        let ended = try #require(test.aws.instance(instance.id))
        #expect([.shuttingDown, .terminated].contains(ended.state))
        #expect(ended.reason == "Client.InstanceInitiatedShutdown")
        // The next one takes another machine. URLs are good by the fake's clock, and signed by the machine's.
        test.aws.clock.advance(seconds: -7300)
        try await test.run.registered()
        #expect(test.aws.instances("eu-west-1").count == 2 && test.aws.images("eu-west-1").count == 1)
        try test.expectNothingLeft()
    }

    /// hashicorp/packer#1995, #9164: from the last good step on.
    @Test func `a bake that was cut off goes on after its last good step, on the same machine`() async throws {
        let test = try await InstanceKitchen(steps: ["run: echo once >>/etc/count", Self.step], builder: Self.builder)
        // The second step's.
        let held = test.aws.hold(before: "SendCommand", nth: 2)
        #expect(try await test.killed(at: held, by: SIGTERM).status == 128 + 15)
        try await test.run.registered()
        #expect(test.aws.instances("eu-west-1").count == 1)
        // One for each step, and one that takes the machine's traces away.
        #expect(test.aws.calls.count { $0.operation == "SendCommand" && $0.status == 200 } == 3)
        let ami = try #require(test.aws.images("eu-west-1").first?.id)
        let count = try #require(test.aws.tree(ofImage: ami)).appending("etc/count")
        #expect(String(decoding: try Files.read(count), as: UTF8.self) == "once\n")
    }

    /// packer-plugin-amazon#591; hashicorp/packer#12624: an organisation's policy denies whatever is made without a tag.
    @Test func `machines have their tags from the beginning`() async throws {
        var behaviour = Behaviour()
        behaviour.requiredTags = ["team"]
        let test = try await InstanceKitchen(
            steps: [Self.step],
            builder: "types: [t3.small]\n        spot: true",
            behaviour
        )
        try test.kitchen.rewrite(
            "ami: { regions: [eu-west-1] }",
            "ami: { regions: [eu-west-1, us-east-1], tags: { team: shop } }"
        )
        try await test.run.registered()
        let instance = try #require(test.aws.instances("eu-west-1").first)
        #expect(instance.tags["team"] == "shop" && instance.volumeTags["team"] == "shop")
        for region in ["eu-west-1", "us-east-1"] {
            #expect(test.aws.images(region).map { $0.tags["team"] } == ["shop"])
            #expect(test.aws.snapshots(region).map { $0.tags["team"] } == ["shop"])
        }
    }

    /// spinnaker/spinnaker#1848, #4255: one of two equal bakes was cancelled, or failed.
    @Test func `the same bake started twice, with two stores, is one machine and one AMI for both`() async throws {
        let test = try await InstanceKitchen(steps: [Self.step], builder: Self.builder)
        #expect(try await test.killed(at: test.aws.hold(before: "SendCommand")).status == 128 + 9)
        let other = test.kitchen.store.removingLastComponent().appending("other")
        try await test.kitchen.run("bake", "--first", store: other)
        let instance = try #require(test.aws.instances("eu-west-1").first).id
        var second = test.run
        second.store = other
        async let shared = second.registered()
        await second.said.wait(for: "eu-west-1: \(instance) bakes 'kitchen/machine/1/")
        let made = try await test.run.registered()
        #expect(try await shared.mapValues(\.ami) == made.mapValues(\.ami))
        #expect(test.aws.instances("eu-west-1").count == 1 && test.aws.images("eu-west-1").count == 1)
        try test.expectNothingLeft()
    }

    /// The same where the first one is dead: its machine ends itself, or is named.
    @Test func `who waits for somebody's machine that ends without an AMI bakes, and one that never ends is said`()
        async throws
    {
        let test = try await InstanceKitchen(steps: [Self.step])
        #expect(try await test.killed(at: test.aws.hold(before: "CreateImage")).status == 128 + 9)
        let other = test.kitchen.store.removingLastComponent().appending("other")
        try await test.kitchen.run("bake", "--first", store: other)
        let instance = try #require(test.aws.instances("eu-west-1").first).id
        var late = test.run
        (late.store, late.ahead) = (other, 7300)
        let (status, lines) = late.failure(of: try await late.register())
        #expect(status == 8)
        #expect(lines.contains("[still-waiting]\n  why: eu-west-1: \(instance) bakes 'kitchen/machine/1/"), "\(lines)")
        #expect(
            lines.contains(", for somebody with another store, and is past its deadline\n  fix: end that machine if ")
        )
        // Whoever asks before is told the same.
        let foretold = late.failure(try await late.preview().failures)
        #expect(foretold.status == 8 && foretold.lines == lines, "\(foretold.lines)")
        var second = test.run
        (second.store, second.patience) = (other, .seconds(60))
        let short = second.failure(of: try await second.register())
        #expect(short.status == 8)
        #expect(
            short.lines.contains("[still-waiting]\n  why: eu-west-1: the AMI of \(instance) is not there yet after 6"),
            "\(short.lines)"
        )
        second = test.run
        second.store = other
        async let made = second.registered()
        await second.said.wait(for: "eu-west-1: \(instance) bakes 'kitchen/machine/1/")
        test.aws.terminate(instance)
        #expect(try await made["eu-west-1"]?.ami == test.aws.images("eu-west-1").first?.id)
        #expect(test.aws.instances("eu-west-1").count == 2)
    }

    /// Elsewhere every failure is "SSM execution TimedOut" or "Failed".
    ///
    /// aws-samples/immutable-server-pipeline#12; aws-samples/amazon-ec2-image-builder-samples#30; the Image Builder resources of
    /// aws-cloudformation, #5, #6.
    @Test func `a step that fails is named, with what it said last, and nothing is left`() async throws {
        let test = try await InstanceKitchen(steps: ["run: if [ -e /etc/broken ]; then echo it is broken; exit 3; fi"])
        try test.kitchen.work.write("x\n", to: "root/etc/broken")
        let result = try await test.register()
        #expect(result.status == 4)
        #expect(result.error.contains("\nit is broken\n"))
        let instance = try #require(test.aws.instances("eu-west-1").first).id
        #expect(
            result.error.contains(
                """
                error: 'machine' is not registered in eu-west-1 [builder-failed]
                  why: eu-west-1: 'machine:run-1' failed on \(instance): exit status 1: ovenbird: machine:run-1: the command \
                ended with exit status 3
                  fix: correct the step, bake, and run the command again; the machine is ended
                """
            ),
            "\(result.error)"
        )
        try test.expectNothingLeft()
        #expect(test.aws.images("eu-west-1").isEmpty)
    }

    /// aws/ec2-image-builder-roadmap#67, #83, #88; CloudSnorkel/cdk-github-runners#170: parameters in and out, and a changed
    /// content needs no new name by hand.
    @Test func `the source comes from a parameter, the AMI goes to one, and what has changed is a version of its own`()
        async throws
    {
        let test = try await InstanceKitchen(steps: [
            Self.step, "copy: { from: files/app.conf, to: /etc/app/app.conf }",
        ])
        try test.kitchen.rewrite("{ name: \"small-*\", owner: \"136693071363\" }", "{ parameter: /aws/service/small }")
        try test.kitchen.rewrite(
            "ami: { regions: [eu-west-1] }",
            "ami: { regions: [eu-west-1], parameter: /shop/base }"
        )
        test.aws.setPublicParameter("/aws/service/small", to: test.source)
        try await test.kitchen.run("bake")
        let first = try #require(try await test.run.registered()["eu-west-1"]?.ami)
        #expect(test.aws.parameters("eu-west-1").map(\.value) == [first])
        try test.kitchen.work.write("[other]\n", to: "files/app.conf")
        try await test.kitchen.run("bake")
        let second = try #require(try await test.run.registered()["eu-west-1"]?.ami)
        #expect(second != first && test.aws.parameters("eu-west-1").map(\.value) == [second])
    }
}
