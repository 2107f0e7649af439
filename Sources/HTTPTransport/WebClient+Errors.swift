import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension WebClient {
    /// What an error of the libraries below means to somebody who knows nothing of them.
    static func explain(_ error: any Error, _ address: WebAddress) -> any Error {
        switch error {
        case is CancellationError: error
        case let error as HTTPClientError: explain(error, address)
        case let error as NIOConnectionError: HTTPError(.unreachable, address, reason(error))
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            HTTPError(.unreachable, address, "nobody listens there")
        case let error as IOError: HTTPError(.closed, address, "the connection broke (error \(error.errnoCode))")
        case let error as NIOSSLError: explain(error, address)
        case let error as NIOSSLExtraError:
            HTTPError(.untrusted, address, "the certificate is not for '\(address.host)' (\(error))")
        case HTTPParserError.invalidEOFState:
            HTTPError(.closed, address, "the connection was closed before the answer was whole")
        case is HTTPParserError: HTTPError(.malformed, address, "the answer is not HTTP")
        case is ChannelError: HTTPError(.closed, address, "the connection was closed before the answer was whole")
        default: HTTPError(.closed, address, "the connection failed: \(error)")
        }
    }

    private static func explain(_ error: HTTPClientError, _ address: WebAddress) -> any Error {
        switch error {
        case .cancelled: CancellationError()
        case .connectTimeout: HTTPError(.timeout, address, "nobody answered in time")
        case .tlsHandshakeTimeout: HTTPError(.timeout, address, "the TLS handshake took too long")
        case .readTimeout: HTTPError(.timeout, address, "nothing was received for too long")
        case .writeTimeout: HTTPError(.timeout, address, "the server took nothing for too long")
        case .deadlineExceeded, .getConnectionFromPoolTimeout:
            HTTPError(.timeout, address, "the answer took too long")
        case .remoteConnectionClosed, .uncleanShutdown, .requestStreamCancelled:
            HTTPError(.closed, address, "the connection was closed before the answer was whole")
        default: HTTPError(.malformed, address, "the exchange failed: \(error.shortDescription)")
        }
    }

    private static func explain(_ error: NIOSSLError, _ address: WebAddress) -> HTTPError {
        switch error {
        case .handshakeFailed(let cause):
            HTTPError(.untrusted, address, "TLS was not agreed upon: \(tlsReason("\(cause)"))")
        case .uncleanShutdown:
            HTTPError(.closed, address, "the connection was closed before the answer was whole")
        default: HTTPError(.untrusted, address, "TLS failed: \(error)")
        }
    }

    /// The library's text names its source files; what matters is between the last two colons.
    private static func tlsReason(_ text: String) -> String {
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "its certificate is not signed by a known authority" }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "the server does not speak TLS"
        }
        return text
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
            return "there is no host '\(error.host)'"
        }
        return "nobody listens there"
    }
}
