import FakeAWS
import MachineImages
import OCI
import SystemIO
import TestSupport
import Testing

@testable import Commands

/// The token of a copy gives the same AMI for as long as it is known, whatever became of that.
@Suite("Copying AMIs whose copies are lost") struct CopyLossTests {
    /// The AMI is there, and is to be in another region, too: what fails then leaves the release as it is, which is in the tags of
    /// a copy, and so in its token.
    private func kitchen() async throws -> RegisterKitchen {
        let test = try await RegisterKitchen()
        try await test.run.registered()
        try test.rewrite("regions: [eu-west-1]", "regions: [eu-west-1, us-east-1], copy-from: eu-west-1")
        return test
    }

    private func copies(_ test: RegisterKitchen) -> Int {
        test.aws.calls.count { $0.operation == "CopyImage" && $0.error == nil }
    }

    /// The nth copy that is asked for from now on fails; which AMI that was, and what was said.
    @discardableResult
    private func failed(_ test: RegisterKitchen, nth: Int = 1) async throws -> (ami: String, lines: String) {
        test.aws.meanwhile(at: "CopyImage", nth: nth) { $0.behaviour.failingImages = 1 }
        let run = test.run
        let outcome = try await run.register()
        let (status, lines) = run.failure(of: outcome)
        #expect(status == 1)
        return (try #require(test.aws.images("us-east-1").last?.id), lines)
    }

    /// By the store of the run that failed, and by an empty one, as on another machine.
    @Test(arguments: [false, true])
    func `one that failed is replaced by the next run`(forgets: Bool) async throws {
        let test = try await kitchen()
        let (dead, lines) = try await failed(test)
        #expect(
            lines.contains(
                "'machine' is not registered in us-east-1 [aws-call]\n  why: \(dead) in us-east-1 failed: The image could not "
                    + "be made\n  fix: run the command again once its cause is gone; an AMI that keeps its name has to be "
                    + "deregistered before"
            ),
            "\(lines)"
        )
        if forgets { try await test.forget() }
        let run = test.run
        let placed = try #require(try await run.registered()["us-east-1"])
        #expect(run.said.lines.contains("us-east-1: \(dead) failed, and is replaced"), "\(run.said.lines)")
        #expect(test.aws.images("us-east-1").map(\.id) == [dead, placed.ami] && copies(test) == 3)
        // Of the two of one name it is the good one.
        #expect(try await test.run.registered()["us-east-1"]?.ami == placed.ami && copies(test) == 3)
        try await test.aws.expectValidCalls()
    }

    /// What a program made that knew nothing of lost copies, and was killed, is gone on with.
    @Test func `the first copy has the token that it always had`() async throws {
        let test = try await kitchen()
        try await test.run.registered()
        let call = try #require(test.aws.calls.last { $0.operation == "CopyImage" })
        let specifications = call.parameters["TagSpecifications"]?.arrayValue ?? []
        let tags = (specifications.first?["Tags"]?.arrayValue ?? []).compactMap { tag in
            tag["Key"]?.stringValue.flatMap { key in tag["Value"]?.stringValue.map { "\(key)\n\($0)" } }
        }
        let name = try #require(call.parameters["Name"]?.stringValue)
        let source = try #require(call.parameters["SourceImageId"]?.stringValue)
        #expect(tags.count > 5)
        // Those of the name come first.
        let parts = ["111122223333", "us-east-1", name, "eu-west-1", source, ""] + tags.dropFirst(5)
        let token = Digester.digest(of: JSONValue.strings(parts).canonicalBytes).hex
        #expect(call.parameters["ClientToken"]?.stringValue == token)
    }

    /// The store knows which of them were lost; without it each token has to be asked for.
    @Test(arguments: [(false, 5), (true, 6)])
    func `those that failed in turn are got past`(forgets: Bool, calls: Int) async throws {
        let test = try await kitchen()
        try await failed(test)
        try await failed(test, nth: 2)
        #expect(copies(test) == 3)
        if forgets { try await test.forget() }
        let placed = try #require(try await test.run.registered()["us-east-1"])
        #expect(test.aws.images("us-east-1").count == 3 && test.aws.images("us-east-1").last?.id == placed.ami)
        #expect(copies(test) == calls)
    }

    /// By somebody who takes it for what a dead run left.
    @Test(arguments: [false, true])
    func `one that was removed is replaced in the same run`(forgets: Bool) async throws {
        let test = try await kitchen()
        #expect(try await test.killed(at: test.aws.hold(after: "CopyImage")).status == 128 + 9)
        let first = try #require(test.aws.images("us-east-1").first?.id)
        test.aws.deregisterImage(first)
        if forgets { try await test.forget() }
        let run = test.run
        let placed = try #require(try await run.registered()["us-east-1"])
        #expect(
            run.said.lines.contains("us-east-1: \(first) is not there any more, and is replaced"),
            "\(run.said.lines)"
        )
        #expect(test.aws.images("us-east-1").map(\.id) == [placed.ami] && placed.ami != first)
        #expect(copies(test) == 3)
    }

    @Test func `of those that are removed in turn ten are replaced, and the next run goes on after them`() async throws
    {
        let test = try await kitchen()
        var run = test.run
        run.before = { [aws = test.aws] request in
            guard request.isCall("DescribeImages", in: "us-east-1") else { return }
            for image in aws.images("us-east-1") { aws.deregisterImage(image.id) }
        }
        let (status, lines) = run.failure(of: try await run.register())
        #expect(
            status == 1
                && lines.contains("why: the copy in us-east-1 failed: 10 in turn had failed before or were removed"),
            "\(lines)"
        )
        #expect(copies(test) == 10)
        let placed = try #require(try await test.run.registered()["us-east-1"])
        #expect(copies(test) == 11 && test.aws.images("us-east-1").map(\.id) == [placed.ami])
    }

    @Test func `one that was begun and is not known yet is not taken for lost`() async throws {
        let test = try await kitchen()
        test.aws.meanwhile(at: "CopyImage") { aws in
            // The AMI that is copied is known everywhere.
            aws.clock.advance(seconds: 200)
            aws.behaviour.unknownSeconds = 140
        }
        #expect(try await test.killed(at: test.aws.hold(after: "CopyImage")).status == 128 + 9)
        try await test.forget()
        let run = test.run
        let placed = try #require(try await run.registered()["us-east-1"])
        #expect(test.aws.images("us-east-1").map(\.id) == [placed.ami] && copies(test) == 2)
        #expect(!run.said.lines.contains { $0.hasSuffix("is replaced") })
    }

    @Test func `where EC2 makes no other one of the name, the one that has it is named`() async throws {
        let test = try await kitchen()
        let (dead, _) = try await failed(test)
        test.aws.add(Fault(.refused(status: 400, code: "InvalidAMIName.Duplicate"), at: "CopyImage", nth: 2))
        let run = test.run
        let (status, lines) = run.failure(of: try await run.register())
        #expect(status == 1)
        #expect(
            lines.contains(
                "why: \(dead) in us-east-1 failed: EC2 makes no other one of its name\n  fix: run the command again once its "
                    + "cause is gone; an AMI that keeps its name has to be deregistered before"
            ),
            "\(lines)"
        )
        #expect(test.aws.images("us-east-1").map(\.id) == [dead])
    }
}
