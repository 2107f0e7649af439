import HTTPTransport
import Synchronization

/// Stands for servers that speak TLS: answers each request by a function, and keeps it.
final class ScriptedCarrier: RequestCarrier {
    private let received = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable (HTTPRequest) -> HTTPResponse

    init(_ answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse) { self.answer = answer }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        received.withLock { $0.append(request) }
        return answer(request)
    }

    /// `METHOD ADDRESS` of all requests.
    var lines: [String] { received.withLock { $0.map { "\($0.method.rawValue) \($0.address.text)" } } }

    /// The hosts that were shown something, and what.
    var shown: [String: Set<String>] {
        received.withLock { requests in
            requests.reduce(into: [:]) { found, request in
                guard let value = request.headers["authorization"] else { return }
                found[request.address.authority, default: []].insert(value)
            }
        }
    }
}

extension HTTPResponse {
    init(_ status: Int, _ headers: HeaderFields = [:], _ text: String = "") {
        self.init(status: status, headers: headers, body: Body(Array(text.utf8)))
    }
}
