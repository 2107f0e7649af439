import FakeAWS
import Glibc
import OCI
import SystemIO
import SystemPackage
import TestSupport
import Testing

@Suite(
    "What steps say while machines run them",
    .enabled(if: canBakeOnInstances && hasTool("curl"), "needs root, busybox, namespaces and curl")
)
struct InstanceOutputTests {
    /// A machine with a program that puts what is said, and a step that says something, and goes on when somebody opens a gate.
    private func kitchen() async throws -> InstanceKitchen {
        try await InstanceKitchen(
            steps: [
                "run: mkfifo /srv/gate; echo the step has begun; read -r line </srv/gate; rm /srv/gate; echo the step has ended"
            ],
            base: "{ name: \"small-*\", owner: \"136693071363\", most-recent: true }",
            more: """
                tool=$(command -v curl)
                cp -L "$tool" root/bin/curl
                for library in $(ldd "$tool" | grep -o '/[^ ]*'); do
                    mkdir -p "root${library%/*}"
                    cp -L "$library" "root$library"
                done
                """
        )
    }

    /// Lets the step go on, which has said that it has begun.
    private func open(_ test: InstanceKitchen) throws {
        let instance = try #require(test.aws.instances("eu-west-1").first)
        let tree = try #require(test.aws.tree(ofInstance: instance.id))
        let gate = try Descriptor.open(tree.appending("srv/gate"), flags: O_WRONLY)
        try gate.write(Array("go\n".utf8))
    }

    /// Registers, expects what the step says once and in order, the first of it while it runs, and gives all that was said.
    private func toldMeanwhile(_ test: InstanceKitchen) async throws -> [String] {
        let run = test.run
        async let made = run.registered()
        await run.said.wait(for: "the step has begun")
        try #require(run.said.lines.contains("the step has begun"), "\(run.said.lines)")
        try open(test)
        _ = try await made
        let said = run.said.lines
        #expect(
            said.filter { $0.hasPrefix("the step has ") } == ["the step has begun", "the step has ended"],
            "\(said)"
        )
        return said
    }

    private func puts(_ test: InstanceKitchen) -> Int {
        test.aws.calls.count { call in
            call.operation == "PutObject" && call.parameters["Key"]?.stringValue?.hasSuffix("/said/1.1") == true
        }
    }

    @Test func `it is told then, and all of it once`() async throws {
        let test = try await kitchen()
        let said = try await toldMeanwhile(test)
        #expect(said.count { $0 == "ovenbird: machine:run-1: applied" } == 1)
        #expect(puts(test) > 0)
        try test.expectNothingLeft()
        try await test.aws.expectValidCalls()
    }

    @Test func `where the machine's own role may not write to the bucket, the service has the rest`() async throws {
        let test = try await kitchen()
        test.aws.behaviour.agentsMayWrite = false
        let said = try await toldMeanwhile(test)
        #expect(
            said.contains(
                "eu-west-1: the output may lack its end: the profile 'builder' could not write it to the bucket 'bakes'; allow "
                    + "it 's3:PutObject'"
            ),
            "\(said)"
        )
        try test.expectNothingLeft()
    }

    /// Somebody who comes in the middle of a step is told all of it from its beginning.
    @Test func `a run that is killed meanwhile is followed by one that tells all`() async throws {
        let test = try await kitchen()
        // The first is the bundle, and the second what the step has said.
        #expect(try await test.killed(at: test.aws.hold(after: "PutObject", nth: 2)).status == 128 + 9)
        _ = try await toldMeanwhile(test)
        try test.expectNothingLeft()
    }

    /// Where the answer is lost, the first command may still run beside the second.
    @Test func `a step that is sent again says what it says elsewhere`() async throws {
        let test = try await InstanceKitchen()
        #expect(try await test.killed(at: test.aws.hold(after: "SendCommand")).status == 128 + 9)
        _ = try await test.run.registered()
        let sent = test.aws.calls.filter { $0.operation == "SendCommand" }.map(\.parameters.canonicalText)
        let places = sent.map { text in text.firstMatch(of: /said\/[0-9.]+/).map { String($0.output) } ?? "none" }
        #expect(places == ["said/1.1", "said/1.2", "said/2.1", "none"], "\(sent)")
        try test.expectNothingLeft()
    }
}
