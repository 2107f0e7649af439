import HTTPTransport
import SystemIO
import SystemPackage
import TestSupport
import Testing

@testable import Rehearsals

/// What a machine tells, and what comes of it; that a real one is rehearsed is seen by `scripts/check-machine`.
@Suite("Rehearsing a machine") struct RehearsalTests {
    private static let page = PageProbe(port: 80, path: "/", status: 200, contains: [])

    private func state(waiting: Set<String> = ["Group"], health: PageProbe? = nil) -> RehearsalState {
        RehearsalState(stack: "shop", waiting: waiting, health: health)
    }

    private func line(_ kind: String, _ words: String...) -> String {
        "\(kind) \(Base64.encode(Array(words.map { "\($0)\n" }.joined().utf8)))"
    }

    @Test func `ends when all is well`() {
        var state = state(health: Self.page)
        #expect(state.take(line("cloud-init", "begins")) == "cloud-init has found the instance metadata")
        #expect(!state.asksForPage)
        #expect(state.take(line("userdata", "begins")) == "the userdata begins")
        #expect(state.asksForPage)
        #expect(state.take(line("docker", "0", "run", "--detach", "web:1")) == "docker run --detach web:1")
        #expect(state.take(page: "status: expected 200, found 503") == nil)
        #expect(
            state.take(line("signal", "--exit-code", "0", "--stack", "shop", "--resource", "Group"))
                == "signal for 'Group': exit code 0"
        )
        #expect(state.end(at: 100, limit: 1000) == nil)
        #expect(state.take(page: nil) == "the page :80/ answers")
        #expect(state.end(at: 100, limit: 1000) == [])
    }

    @Test func `needs no signal where none is waited for`() {
        var state = state(waiting: [])
        _ = state.take(line("userdata", "begins"))
        #expect(state.end(at: 100, limit: 1000) == nil)
        _ = state.take(line("userdata", "ended"))
        #expect(state.end(at: 100, limit: 1000) == [])
    }

    @Test func `says what is wrong with a signal`() {
        var state = state()
        _ = state.take(line("docker", "125", "run", "web:1"))
        #expect(state.end(at: 100, limit: 1000) == nil)
        _ = state.take(line("signal", "-e", "1", "--stack=shop", "--resource", "Grup", "-r", "no web"))
        #expect(
            state.end(at: 100, limit: 1000) == [
                "the machine signals failure: exit code 1, 'no web'",
                "the signal is for 'Grup', and the template waits for 'Group'",
                "'docker run web:1' ended with status 125",
            ]
        )
    }

    @Test func `says that no signal came`() {
        var state = state()
        _ = state.take(line("userdata", "begins"))
        _ = state.take(line("userdata", "ended"))
        #expect(state.end(at: 100, limit: 1000) == ["the userdata has ended, and nothing signalled 'Group'"])
    }

    @Test func `waits a while for a signal of what the userdata has started`() {
        var state = state()
        _ = state.take(line("userdata", "ended"), at: 90)
        #expect(state.end(at: 100, limit: 1000) == nil)
        // A wait condition's handle is no resource that waits.
        _ = state.take(line("signal", "-e", "0", "https://example.com/handle"))
        #expect(state.end(at: 120, limit: 1000) == nil)
        _ = state.take(line("signal", "-e", "0", "--resource", "Group"))
        #expect(state.end(at: 130, limit: 1000) == [])
    }

    @Test func `hides what is not to be shown`() {
        let rehearsal = Rehearsal(
            stack: "shop",
            userData: [],
            waiting: [],
            health: nil,
            limit: 1,
            hidden: ["ab", "", "abcd"]
        )
        #expect(rehearsal.masked("docker run -e P=abcd -e Q=ab x") == "docker run -e P=**** -e Q=**** x")
    }

    @Test func `says that a container did not start where no signal says more`() {
        var state = state(waiting: [])
        _ = state.take(line("docker", "1", "run", "a"))
        _ = state.take(line("userdata", "ended"))
        #expect(state.end(at: 100, limit: 1000) == ["'docker run a' ended with status 1"])
    }

    @Test func `gives up when it is late`() {
        var state = state(health: Self.page)
        #expect(state.end(at: 2000, limit: 1000) == ["the machine did not come to run its userdata"])
        _ = state.take(line("userdata", "begins"))
        _ = state.take(page: "nobody listens there")
        #expect(
            state.end(at: 2000, limit: 1000) == [
                "the page :80/ does not answer as it has to: nobody listens there", "no signal came",
            ]
        )
        var slow = self.state(waiting: [])
        _ = slow.take(line("userdata", "begins"))
        #expect(slow.end(at: 2000, limit: 1000) == ["the userdata does not end"])
    }

    @Test func `passes over what is no word of its own`() {
        var state = state()
        for text in ["", "noise", "a b c", "userdata ?", line("other", "x"), line("userdata", "x"), "docker "] {
            #expect(state.take(text) == nil, "\(text)")
        }
    }

    @Test(
        arguments: [
            (["-e", "3"], "3"), (["-e1"], "1"), (["--exit-code=4"], "4"), (["--success", "true"], "0"),
            (["-s", "false"], "1"),
            (["-d", "-e", "https://example.com/handle"], "0"), ([], "0"),
        ] as [([String], String)]
    )
    func `reads cfn-signal's arguments`(_ arguments: [String], _ code: String) {
        #expect(Signal(arguments).exitCode == code)
    }

    @Test func `another stack's signal is none`() {
        let id = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/00000000-0000-4000-8000-000000000000"
        #expect(Signal(["--stack", id, "--resource", "Group"]).failures(stack: "shop", waiting: ["Group"]) == [])
        let signal = Signal(["--stack", "other", "--resource", "Group"])
        #expect(
            signal.failures(stack: "shop", waiting: ["Group"]) == [
                "the signal is for the stack 'other', and this is 'shop'"
            ]
        )
    }

    @Test(.enabled(if: hasTool("shellcheck"), "needs shellcheck"))
    func `the programs before the userdata are good scripts`() async throws {
        let folder = try TemporaryFolder()
        try folder.write(RehearsalScripts.early, to: "early")
        try await requireTool("shellcheck", ["--shell", "sh", folder.file("early").string])
    }

    @Test func `they stand before Docker, and in for cfn-signal`() async throws {
        let folder = try TemporaryFolder()
        let report = folder.file("report").string
        let early = RehearsalScripts.early
            .replacing("/usr/lib/ovenbird/rehearsal", with: folder.file("place").string)
            .replacing("/usr/local/bin", with: folder.file("local").string)
            .replacing("stty -F /dev/ttyS1", with: ": stty")
            .replacing(">/dev/ttyS1", with: ">>\(report)")
        try folder.write(early, to: "early")
        try folder.write("#!/bin/sh\necho \"docker: $*\"\n[ \"$2\" != bad ]\n", to: "bin/docker", mode: 0o755)
        let script = """
            dash ./early && dash ./early
            docker run -d web:1
            docker run bad || echo "status $?"
            docker ps
            docker run --rm util:2 /usr/bin/cfn-signal -e 7 --resource 'a b'
            "$PWD/local/cfn-signal" -e 0
            """
        let output = try await requireTool(
            "dash",
            ["-c", "PATH=\"$PWD/bin:$PATH\"\n" + script],
            in: folder.path
        )
        #expect(output == "docker: run -d web:1\ndocker: run bad\nstatus 1\ndocker: ps\n")
        let told = String(decoding: try Files.read(folder.file("report")), as: UTF8.self).split(separator: "\n")
        #expect(
            told.map(String.init) == [
                line("cloud-init", "begins"), line("docker", "0", "run", "-d", "web:1"),
                line("docker", "1", "run", "bad"), line("signal", "-e", "7", "--resource", "a b"),
                line("signal", "-e", "0"),
            ]
        )
    }
}
