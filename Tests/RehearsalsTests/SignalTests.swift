import HTTPTransport
import Rollouts
import Testing

@testable import Rehearsals

@Suite("Signals of a rehearsed machine") struct SignalTests {
    private static let handles = WaitHandles(["Handle"], of: "arn:aws:cloudformation:eu-west-1:1:stack/shop/0")

    private func tally(_ awaited: AwaitedSignal...) -> SignalTally {
        SignalTally(stack: "shop", region: "eu-west-1", awaited: awaited, handles: Self.handles)
    }

    private func failures(_ words: String..., of awaited: AwaitedSignal...) -> [String] {
        var tally = SignalTally(stack: "shop", region: "eu-west-1", awaited: awaited, handles: Self.handles)
        return tally.take(Signal(told: words)).failures
    }

    @Test(
        arguments: [
            (["code=3"], false), (["code=0", "success=false"], true), (["code=00"], true), (["success=true"], true),
            (["code=", "success=false"], false), (["code=99999999999999999999"], false),
        ] as [([String], Bool)]
    )
    func `are successes or not`(_ words: [String], _ isSuccess: Bool) {
        #expect(Signal(told: words).isSuccess == isSuccess)
    }

    @Test func `are of this stack and region`() {
        let id = "stack=arn:aws:cloudformation:eu-west-1:1:stack/shop/0"
        let group = AwaitedSignal(resource: "Group")
        #expect(failures("success=true", "resource=Group", id, "region=eu-west-1", of: group) == [])
        #expect(
            failures("success=true", "resource=Group", "stack=other", "region=eu-west-1", of: group) == [
                "the signal is for the stack 'other', and this is 'shop'"
            ]
        )
        #expect(
            failures("success=true", "resource=Group", "region=us-east-1", of: group) == [
                "the signal goes to the region 'us-east-1', and the stack is in 'eu-west-1'"
            ]
        )
        #expect(
            failures("success=true", "resource=Group", of: group) == [
                "the signal has no '--region', so it goes to 'us-east-1', and the stack is in 'eu-west-1'"
            ]
        )
        #expect(failures("success=true", "resource=Group", "url=https://example.com", of: group) == [])
    }

    @Test func `are for what waits`() throws {
        let waiting = AwaitedSignal(resource: "Ready", handle: "Handle", timeout: 1)
        #expect(
            failures("success=true", "resource=Ready", "region=eu-west-1", of: waiting) == [
                "the signal is for 'Ready', and the template waits for none"
            ]
        )
        #expect(
            failures("success=true", "address=http://example.com/", of: waiting) == [
                "the signal is for 'http://example.com/', which is no wait condition handle's address"
            ]
        )
        let address = try #require(Self.handles.addresses["Handle"])
        #expect(
            failures("success=false", "address=\(address)", "reason=no web", of: waiting) == [
                "the machine signals failure for 'Handle': 'no web'"
            ]
        )
        #expect(
            failures("success=false", "address=\(address)", of: waiting) == [
                "the machine signals failure for 'Handle'"
            ]
        )
    }

    @Test func `reach a wait condition by the address of its handle, also in Base64`() throws {
        let address = try #require(Self.handles.addresses["Handle"])
        #expect(
            address
                == "http://169.254.169.250/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A1%3Astack%2Fshop%2F0%2FHandle"
                + "?AWSAccessKeyId=rehearsed&Expires=4102444800&Signature=rehearsed%3D"
        )
        var tally = tally(AwaitedSignal(resource: "Ready", handle: "Handle", count: 2, timeout: 1))
        #expect(tally.lacks == ["no signal came for 'Ready'"])
        let first = tally.take(Signal(told: ["success=true", "address=\(address)"]))
        #expect(first.text == "signal for 'Handle': SUCCESS, 1 of 2 for 'Ready'")
        let encoded = Base64.encode(Array(address.utf8))
        _ = tally.take(Signal(told: ["success=true", "id=second", "address=\(encoded)"]))
        #expect(tally.lacks == [])
    }

    @Test func `are enough for any resource, and each wait condition`() {
        var tally = tally(
            AwaitedSignal(resource: "A"),
            AwaitedSignal(resource: "B", count: 2),
            AwaitedSignal(resource: "Ready", handle: "Handle", timeout: 1)
        )
        #expect(tally.lacks == ["no signal came for 'A', 'B'", "no signal came for 'Ready'"])
        _ = tally.take(Signal(told: ["success=true", "resource=B", "region=eu-west-1"]))
        #expect(tally.lackOfResources == "1 of 2 signals came for 'B'")
        _ = tally.take(Signal(told: ["success=true", "resource=A", "region=eu-west-1"]))
        #expect(tally.lacks == ["no signal came for 'Ready'"])
        #expect(tally.late(at: 1) == [])
        #expect(tally.late(at: 2) == ["no signal came for 'Ready' within its 'Timeout' of 1 s"])
    }

    @Test(
        arguments: [
            ("", "what was put to 'Handle' is no JSON: "), ("[]", "has no 'Status' of 'SUCCESS' or 'FAILURE'"),
            (#"{"Status": "success", "UniqueId": "a"}"#, "has no 'Status' of 'SUCCESS' or 'FAILURE'"),
            (#"{"Status": "SUCCESS", "UniqueId": ""}"#, "what was put to 'Handle' has no 'UniqueId'"),
        ]
    )
    func `are documents that say something`(_ text: String, _ message: String) throws {
        let error = try #require(throws: Signal.Unreadable.self) { try Signal(put: text, to: "Handle") }
        #expect(error.reason.contains(message))
    }

    @Test func `are looked for where the userdata has the address`() throws {
        let address = try #require(Self.handles.addresses["Handle"])
        #expect(Self.handles.isNamed("Handle", in: Array("curl '\(address)'".utf8)))
        #expect(Self.handles.isNamed("Handle", in: Array(Base64.encode(Array(address.utf8)).utf8)))
        #expect(!Self.handles.isNamed("Handle", in: Array("curl".utf8)))
        #expect(!Self.handles.isNamed("Other", in: Array(address.utf8)))
    }
}
