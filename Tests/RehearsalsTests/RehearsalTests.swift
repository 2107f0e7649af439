import HTTPTransport
import Rollouts
import Testing

@testable import Rehearsals

/// What a machine tells, and what comes of it; that a real one is rehearsed is seen by `scripts/check-machine`.
@Suite("Rehearsing a machine") struct RehearsalTests {
    private static let page = PageProbe(port: 80, path: "/", status: 200, contains: [])
    private static let web = AwaitedImage(
        name: "web",
        ids: ["sha256:aa"],
        references: ["registry.example.com/web:1"],
        hasHealthCheck: false
    )
    private static let condition = AwaitedSignal(resource: "Ready", handle: "Handle", count: 2, timeout: 300)

    private func state(
        _ signals: [AwaitedSignal] = [AwaitedSignal(resource: "Group")],
        images: [AwaitedImage] = [],
        health: PageProbe? = nil
    ) -> RehearsalState {
        let awaited = Rehearsal.Awaited(
            signals: signals,
            handles: WaitHandles(["Handle"], of: "stack"),
            images: images,
            health: health
        )
        return Rehearsal(stack: "shop", region: "us-east-1", userData: [], awaited: awaited, limit: 1000).state
    }

    private func line(_ kind: String, _ words: String...) -> String { RehearsalLine(kind, words).text }

    private func put(_ document: String) -> String { line("put", "Handle", document) }

    @Test func `ends when all is well`() {
        var state = state(health: Self.page)
        #expect(state.take(line("cloud-init", "begins")) == "cloud-init has found the instance metadata")
        #expect(!state.asksForPage)
        #expect(state.take(line("userdata", "begins")) == "the userdata begins")
        #expect(state.asksForPage)
        let run = line("docker", "0", "detached", "web:1", "run", "--detach", "web:1")
        #expect(state.take(run) == "docker run --detach web:1")
        #expect(state.take(page: "status: expected 200, found 503") == nil)
        #expect(
            state.take(line("signal", "code=0", "stack=shop", "resource=Group"))
                == "signal for 'Group': exit code 0"
        )
        #expect(state.end(at: 100, limit: 1000) == nil)
        #expect(state.take(page: nil) == "the page :80/ answers")
        #expect(state.end(at: 100, limit: 1000) == [])
    }

    @Test func `needs no signal where none is waited for`() {
        var state = state([])
        _ = state.take(line("userdata", "begins"))
        #expect(state.end(at: 100, limit: 1000) == nil)
        _ = state.take(line("userdata", "ended"))
        #expect(state.end(at: 100, limit: 1000) == [])
    }

    @Test func `says what is wrong with a signal`() {
        var state = state()
        _ = state.take(line("docker", "125", "", "web:1", "run", "web:1"))
        #expect(state.end(at: 100, limit: 1000) == nil)
        _ = state.take(line("signal", "code=1", "stack=shop", "resource=Grup", "reason=no web"))
        #expect(
            state.end(at: 100, limit: 1000) == [
                "the machine signals failure for 'Grup': exit code 1, 'no web'",
                "the signal is for 'Grup', and the template waits for 'Group'",
                "'docker run web:1' ended with status 125",
            ]
        )
    }

    @Test func `says that no signal came`() {
        var state = state()
        _ = state.take(line("userdata", "begins"))
        _ = state.take(line("userdata", "ended"))
        #expect(state.end(at: 60, limit: 1000) == nil)
        #expect(state.end(at: 61, limit: 1000) == ["the userdata has ended, and no signal came for 'Group'"])
    }

    @Test func `waits a while for a signal of what the userdata has started`() {
        var state = state()
        _ = state.take(line("userdata", "ended"), at: 90)
        #expect(state.end(at: 100, limit: 1000) == nil)
        // A handle for which no wait condition waits.
        #expect(state.take(put(#"{"Status": "SUCCESS", "UniqueId": "a"}"#)) == "signal for 'Handle': SUCCESS")
        #expect(state.end(at: 120, limit: 1000) == nil)
        _ = state.take(line("signal", "code=0", "resource=Group"))
        #expect(state.end(at: 130, limit: 1000) == [])
    }

    @Test func `waits for a wait condition for as long as that has time`() {
        var state = state([Self.condition])
        _ = state.take(line("userdata", "ended"), at: 10)
        let success = put(#"{"Status": "SUCCESS", "UniqueId": "a", "Reason": "", "Data": ""}"#)
        #expect(state.take(success) == "signal for 'Handle': SUCCESS, 1 of 2 for 'Ready'")
        // Sent again it is the same one.
        #expect(state.take(success) == "signal for 'Handle': SUCCESS, 1 of 2 for 'Ready'")
        #expect(state.end(at: 300, limit: 1000) == nil)
        #expect(state.end(at: 301, limit: 1000) == ["1 of 2 signals came for 'Ready' within its 'Timeout' of 300 s"])
        #expect(state.end(at: 201, limit: 200) == ["the machine did not come to run its userdata"])
        _ = state.take(line("userdata", "begins"))
        #expect(state.end(at: 201, limit: 200) == ["1 of 2 signals came for 'Ready'"])
        #expect(state.take(put(#"{"Status": "SUCCESS", "UniqueId": "b"}"#))?.hasSuffix("2 of 2 for 'Ready'") == true)
        #expect(state.end(at: 301, limit: 1000) == [])
    }

    @Test func `fails where a wait condition gets a failure, or what is no signal`() {
        var state = state([Self.condition])
        #expect(
            state.take(put("{\"Status\": \"FAILURE\",\n \"UniqueId\": \"a\", \"Reason\": \"no web\"}"))
                == "signal for 'Handle': FAILURE"
        )
        #expect(state.end(at: 1, limit: 1000) == ["the machine signals failure for 'Handle': 'no web'"])
        var other = self.state([Self.condition])
        #expect(other.take(put("{}")) == "what was put to 'Handle' has no 'Status' of 'SUCCESS' or 'FAILURE'")
        #expect(other.end(at: 1, limit: 1000)?.count == 1)
        var refused = self.state([Self.condition])
        let text = "a signal is refused: cfn-signal: there is no option '-x'"
        #expect(refused.take(line("refused", "cfn-signal: there is no option '-x'")) == text)
        #expect(refused.end(at: 1, limit: 1000) == [text])
    }

    @Test func `needs a container of each image, also where nothing waits for a signal`() {
        var state = state([], images: [Self.web])
        _ = state.take(line("userdata", "begins"))
        _ = state.take(line("userdata", "ended"), at: 10)
        #expect(state.end(at: 70, limit: 1000) == nil)
        #expect(state.end(at: 71, limit: 1000) == ["the userdata has ended, and no container of 'web' has run"])
        #expect(state.end(at: 60, limit: 50) == ["no container of 'web' has run"])
        #expect(
            state.take(line("container", "start", "c1", "", "web", "sha256:aa", ""), at: 20)
                == "a container of 'web' runs; it has no health check"
        )
        #expect(state.end(at: 24, limit: 1000) == nil)
        #expect(state.end(at: 25, limit: 1000) == [])
    }

    @Test func `does not take a signal for a container`() {
        var state = state(images: [Self.web])
        let image = "registry.example.com/web:1"
        _ = state.take(line("docker", "125", "detached", image, "run", "-d", image))
        _ = state.take(line("signal", "code=0", "resource=Group"))
        _ = state.take(line("userdata", "ended"), at: 10)
        #expect(state.end(at: 11, limit: 1000) == nil)
        #expect(
            state.end(at: 71, limit: 1000) == [
                "the userdata has ended, and no container of 'web' has run",
                "'docker run -d registry.example.com/web:1' ended with status 125",
            ]
        )
    }

    @Test func `takes what Docker ran to its end for a container`() {
        for how in ["", "detached"] {
            var state = state([], images: [Self.web])
            _ = state.take(line("docker", "0", how, "web", "run", "--rm", "web", "migrate"))
            _ = state.take(line("userdata", "ended"), at: 10)
            #expect(state.end(at: 11, limit: 1000) == nil)
            _ = state.take(line("container", "start", "c1", "", "web", "sha256:aa", ""), at: 9)
            _ = state.take(line("container", "die", "c1", "0", "web", "sha256:aa", ""), at: 9)
            #expect(state.end(at: 11, limit: 1000) == (how.isEmpty ? [] : nil))
        }
    }

    @Test func `hides what is not to be shown`() {
        let rehearsal = Rehearsal(
            stack: "shop",
            region: "eu-west-1",
            userData: [],
            awaited: .init(signals: [], handles: WaitHandles([], of: ""), images: [], health: nil),
            limit: 1,
            hidden: ["ab", "", "abcd"]
        )
        #expect(rehearsal.masked("docker run -e P=abcd -e Q=ab x") == "docker run -e P=**** -e Q=**** x")
    }

    @Test func `says that a container did not start where no signal says more`() {
        var state = state([])
        _ = state.take(line("docker", "1", "", "a", "run", "a"))
        _ = state.take(line("userdata", "ended"))
        #expect(state.end(at: 100, limit: 1000) == ["'docker run a' ended with status 1"])
    }

    @Test func `waits for a signal also where a container did not start`() {
        let condition = AwaitedSignal(resource: "Ready", handle: "Handle", timeout: 300)
        for signal in [AwaitedSignal(resource: "Group"), condition] {
            var state = state([signal])
            _ = state.take(line("docker", "1", "", "a", "run", "a"))
            _ = state.take(line("userdata", "begins"))
            _ = state.take(line("userdata", "ended"), at: 10)
            #expect(state.end(at: 70, limit: 1000) == nil)
            #expect(state.end(at: 301, limit: 1000)?.last == "'docker run a' ended with status 1")
            let isGroup = signal.handle == nil
            let success = put(#"{"Status": "SUCCESS", "UniqueId": "a"}"#)
            _ = state.take(isGroup ? line("signal", "code=0", "resource=Group") : success)
            #expect(state.end(at: 71, limit: 1000) == [])
        }
    }

    @Test func `gives up when it is late`() {
        var state = state(health: Self.page)
        #expect(state.end(at: 2000, limit: 1000) == ["the machine did not come to run its userdata"])
        _ = state.take(line("userdata", "begins"))
        _ = state.take(page: "nobody listens there")
        #expect(
            state.end(at: 2000, limit: 1000) == [
                "the page :80/ does not answer as it has to: nobody listens there", "no signal came for 'Group'",
            ]
        )
        var slow = self.state([])
        _ = slow.take(line("userdata", "begins"))
        #expect(slow.end(at: 2000, limit: 1000) == ["the userdata does not end"])
    }

    @Test func `passes over what is no word of its own`() {
        var state = state(images: [Self.web])
        let texts = [
            "", "noise", "a b c", "userdata ?", line("other", "x"), line("userdata", "x"), "docker ",
            line("docker", "0"),
            line("container", "x"),
            line("signal"),
        ]
        for text in texts { #expect(state.take(text) == nil, "\(text)") }
    }
}
