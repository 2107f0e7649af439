import AWS
import HTTPTransport
import Synchronization

/// A service that answers by a script, and a clock that goes on when it is waited for.
final class SessionBench: RequestCarrier, CredentialProvider {
    struct Answer: Sendable {
        var status = 200
        var headers: HeaderFields = [:]
        var body = "{\"SnapshotId\": \"snap-1\"}"

        static let fine = Answer()

        static func refusal(_ code: String, status: Int = 400, date: String? = nil) -> Answer {
            var headers: HeaderFields = ["x-amzn-errortype": "\(code):http://example"]
            if let date { headers["Date"] = date }
            return Answer(status: status, headers: headers, body: "{\"message\": \"no\", \"Reason\": \"A_REASON\"}")
        }
    }

    private struct State {
        var script: [Answer]
        var requests: [HTTPRequest] = []
        var now: Int64 = 1_700_000_000
        var waits: [Duration] = []
        var rejected: [String] = []
        var key = 1
    }

    private let state: Mutex<State>

    /// The last answer is given again and again.
    init(_ script: [Answer]) { state = Mutex(State(script: script)) }

    var session: AWSSession {
        AWSSession(
            carrier: self,
            credentials: self,
            endpoints: Endpoints(environment: [:]),
            clock: clock,
            redactor: Redactor()
        )
    }

    var clock: RetryClock {
        RetryClock(
            now: { self.state.withLock { $0.now } },
            steady: { self.state.withLock { Double($0.now) } },
            wait: { pause in
                self.state.withLock { state in
                    state.waits.append(pause)
                    state.now += max(1, pause.components.seconds)
                }
            },
            jitter: { 0 }
        )
    }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }
    var waits: [Duration] { state.withLock { $0.waits } }
    var rejected: [String] { state.withLock { $0.rejected } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.script.count > 1 ? state.script.removeFirst() : state.script[0]
        }
        return HTTPResponse(status: answer.status, headers: answer.headers, body: .init(Array(answer.body.utf8)))
    }

    func credentials() async throws -> Credentials {
        Credentials(
            accessKeyID: "KEY\(state.withLock { $0.key })",
            secretAccessKey: "HUSH-secret",
            sessionToken: "HUSH-token",
            source: "a test"
        )
    }

    func invalidate(_ rejected: Credentials) async {
        state.withLock { state in
            state.rejected.append(rejected.accessKeyID)
            state.key += 1
        }
    }

    /// A call that succeeds where the script ends well.
    @discardableResult
    func start() async throws -> String {
        try await EBS(session, region: "eu-west-1").start(
            .init(
                volumeSize: 1,
                parent: nil,
                key: nil,
                description: "d",
                tags: [],
                token: "t"
            )
        ).id
    }
}
