/// Why no whole answer came.
package struct HTTPError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// There is no such host, or nobody listens there.
        case unreachable
        /// The server's certificate is not trusted, or it does not speak TLS.
        case untrusted
        /// Nothing was sent or received for too long, or all of it took too long.
        case timeout
        /// The connection broke.
        case closed
        /// What came is no HTTP, or more than is taken.
        case malformed
    }

    package let kind: Kind
    package let address: WebAddress
    /// Follows the address and a colon.
    package let reason: String

    package init(_ kind: Kind, _ address: WebAddress, _ reason: String) {
        self.kind = kind
        self.address = address
        self.reason = reason
    }

    package var description: String { "\(address): \(reason)" }

    /// Whether trying again may help.
    package var isTransient: Bool {
        switch kind {
        case .unreachable, .timeout, .closed: true
        case .untrusted, .malformed: false
        }
    }
}
