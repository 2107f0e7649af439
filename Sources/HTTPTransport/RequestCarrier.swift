import Synchronization

/// What carries requests to servers and answers back.
///
/// It follows no redirect, repeats nothing, keeps no cookies and adds no credentials: all that is its callers' matter.
package protocol RequestCarrier: Sendable {
    /// Sends a request, all of its body too, and gives the head of the answer; the answer's body streams.
    ///
    /// Throws `HTTPError`, or `CancellationError` where the task was cancelled.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}

package enum HTTPMethod: String, Sendable, Hashable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

package struct HTTPRequest: Sendable {
    package var method: HTTPMethod
    package var address: WebAddress
    package var headers: HeaderFields
    package var body: Body
    /// How long sending and the head of the answer may take together.
    package var patience: Duration

    package init(
        _ method: HTTPMethod,
        _ address: WebAddress,
        headers: HeaderFields = [:],
        body: Body = .none,
        patience: Duration = .seconds(60)
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
        self.patience = patience
    }

    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        case buffer(BodyBuffer)
        /// Pieces of at most 1 MiB that add up to `length`; nil is the end.
        case stream(length: Int64, next: @Sendable () async throws -> [UInt8]?)
    }
}

package struct HTTPResponse: Sendable {
    package let status: Int
    package let headers: HeaderFields
    package let body: Body

    package init(status: Int, headers: HeaderFields, body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The body of an answer, to be read once: a second reader finds nothing.
    package struct Body: AsyncSequence, Sendable {
        private let start: @Sendable () -> AsyncIterator
        private let turnstile = Turnstile()

        package init(_ start: @escaping @Sendable () -> AsyncIterator) { self.start = start }

        package init(_ bytes: [UInt8] = []) {
            self.init {
                var rest: [UInt8]? = bytes
                return AsyncIterator {
                    defer { rest = nil }
                    return rest
                }
            }
        }

        package func makeAsyncIterator() -> AsyncIterator {
            turnstile.pass() ? start() : AsyncIterator { nil }
        }

        private final class Turnstile: Sendable {
            private let isOpen = Atomic(true)

            /// True the first time.
            func pass() -> Bool { isOpen.exchange(false, ordering: .relaxed) }
        }

        package struct AsyncIterator: AsyncIteratorProtocol {
            private let step: () async throws -> [UInt8]?

            package init(_ step: @escaping () async throws -> [UInt8]?) { self.step = step }

            /// The next bytes; throws `HTTPError`.
            package mutating func next() async throws -> [UInt8]? { try await step() }
        }
    }
}
