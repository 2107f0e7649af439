import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Carries requests through AsyncHTTPClient: HTTP/1.1 with keep-alive, TLS by the machine's authorities and our own.
///
/// No redirect is followed and no body is decompressed: a digest is that of the bytes that were sent.
package final class WebClient: RequestCarrier {
    package struct Timeouts: Sendable {
        package var connect: Duration
        /// Nothing was sent or received for so long.
        package var idle: Duration

        package init(connect: Duration = .seconds(15), idle: Duration = .seconds(60)) {
            self.connect = connect
            self.idle = idle
        }
    }

    private let trust: TrustSettings
    private let timeouts: Timeouts
    /// One for each set of trusted files.
    private let clients = Mutex<[HostTrust: HTTPClient]>([:])

    private init(trust: TrustSettings, timeouts: Timeouts) {
        self.trust = trust
        self.timeouts = timeouts
    }

    /// Gives `body` a client, whose connections are closed when it returns.
    package static func with<Value>(
        trust: TrustSettings,
        timeouts: Timeouts = Timeouts(),
        _ body: (WebClient) async throws -> Value
    ) async throws -> Value {
        let client = WebClient(trust: trust, timeouts: timeouts)
        do {
            let value = try await body(client)
            await client.shutDown()
            return value
        } catch {
            await client.shutDown()
            throw error
        }
    }

    private func shutDown() async {
        let clients = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        // All that can fail here is what is still under way, which nobody waits for any more.
        for client in clients { try? await client.shutdown() }
    }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let client = try client(for: request.address)
        let failure = FirstError()
        var carried = HTTPClientRequest(url: request.address.text)
        carried.method = HTTPMethod.nio(request.method)
        for field in request.headers.fields { carried.headers.add(name: field.name, value: field.value) }
        switch request.body {
        case .none: break
        case .bytes(let bytes): carried.body = .bytes(ByteBuffer(bytes: bytes))
        case .buffer(let buffer): carried.body = .bytes(buffer.content)
        case .stream(let length, let next):
            let pieces = UploadPieces {
                do {
                    return try await next().map { ByteBuffer(bytes: $0) }
                } catch {
                    failure.keep(error)
                    throw error
                }
            }
            carried.body = .stream(pieces, length: .known(length))
        }
        let answer: HTTPClientResponse
        do {
            answer = try await client.execute(carried, timeout: TimeAmount(request.patience))
        } catch {
            // The source of the body knows better why it ended than the connection does.
            throw failure.error ?? Self.explain(error, request.address)
        }
        let headers = HeaderFields(answer.headers.map { HeaderFields.Field(name: $0.name, value: $0.value) })
        let address = request.address
        let body = answer.body
        return HTTPResponse(
            status: Int(answer.status.code),
            headers: headers,
            body: HTTPResponse.Body {
                var iterator = body.makeAsyncIterator()
                return HTTPResponse.Body.AsyncIterator {
                    do {
                        return try await iterator.next(isolation: #isolation).map { Array($0.readableBytesView) }
                    } catch {
                        throw Self.explain(error, address)
                    }
                }
            }
        )
    }

    private func client(for address: WebAddress) throws -> HTTPClient {
        let files =
            address.scheme == .https ? try trust.files(forHost: address.host, port: address.port) : HostTrust()
        return try clients.withLock { clients in
            if let known = clients[files] { return known }
            var configuration = HTTPClient.Configuration()
            configuration.tlsConfiguration = try files.tlsConfiguration(address)
            configuration.redirectConfiguration = .disallow
            configuration.decompression = .disabled
            configuration.httpVersion = .http1Only
            configuration.timeout = HTTPClient.Configuration.Timeout(
                connect: TimeAmount(timeouts.connect),
                read: TimeAmount(timeouts.idle),
                write: TimeAmount(timeouts.idle)
            )
            // Whether and when to try again is decided in one place, by `RetryPolicy`.
            configuration.connectionPool.retryConnectionEstablishment = false
            // How much goes on at a time is decided by whoever sends.
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[files] = client
            return client
        }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(
            seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue
                + attoseconds / 1_000_000_000
        )
    }
}

extension HTTPMethod {
    fileprivate static func nio(_ method: HTTPMethod) -> NIOHTTP1.HTTPMethod {
        NIOHTTP1.HTTPMethod(rawValue: method.rawValue)
    }
}

/// The first error of a body's source.
private final class FirstError: Sendable {
    private let state = Mutex<(any Error)?>(nil)

    var error: (any Error)? { state.withLock { $0 } }

    func keep(_ error: any Error) {
        state.withLock { state in
            if state == nil { state = error }
        }
    }
}

private struct UploadPieces: AsyncSequence, Sendable {
    let next: @Sendable () async throws -> ByteBuffer?

    func makeAsyncIterator() -> Iterator { Iterator(step: next) }

    struct Iterator: AsyncIteratorProtocol {
        let step: @Sendable () async throws -> ByteBuffer?

        mutating func next() async throws -> ByteBuffer? { try await step() }
    }
}
