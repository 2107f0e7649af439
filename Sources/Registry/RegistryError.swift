package import Diagnostics
import HTTPTransport

/// What went wrong with a registry, for a person: which request, what came back, and what to do.
package struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// No answer, or none in time.
        case unreachable
        /// TLS, or plain HTTP where it is not allowed.
        case insecure
        /// No credentials, wrong ones, or too few rights.
        case denied
        /// The credentials of this machine cannot be read.
        case credentials
        case notFound
        /// The registry said no, or said it too often.
        case refused
        /// What came is not what was promised, or breaks the protocol.
        case wrongContent
        /// No key that is trusted has signed it.
        case notSigned
    }

    package let kind: Kind
    /// Request and answer: `PUT https://registry.example.com/v2/web/manifests/1.4: 401 UNAUTHORIZED: no such user`.
    package let message: String
    package var why: String?
    package var fix: String?

    package init(_ kind: Kind, _ message: String, why: String? = nil, fix: String? = nil) {
        self.kind = kind
        self.message = message
        self.why = why
        self.fix = fix
    }

    package var description: String {
        message + (why.map { "\n  why: \($0)" } ?? "") + (fix.map { "\n  fix: \($0)" } ?? "")
    }

    /// The error as the user sees it; `action` is what was to be done, as in `cannot push '...'`.
    package func diagnostic(_ action: String, at place: SourcePlace? = nil) -> Diagnostic {
        Diagnostic(at: place, "\(action): \(message)", identifier, why: why, fix: fix)
    }

    private var identifier: DiagnosticIdentifier {
        switch kind {
        case .unreachable: .registryUnreachable
        case .insecure: .registryInsecure
        case .denied: .registryDenied
        case .credentials: .registryCredentials
        case .notFound: .registryNotFound
        case .refused: .registryRefused
        case .wrongContent: .registryWrongContent
        case .notSigned: .notSigned
        }
    }
}

extension DiagnosticIdentifier {
    /// A registry gave no answer, or none in time.
    package static let registryUnreachable: Self = "registry-unreachable"
    /// A registry is not trusted, or could only be reached without TLS.
    package static let registryInsecure: Self = "registry-insecure"
    /// A registry wants other credentials.
    package static let registryDenied: Self = "registry-denied"
    /// The credentials for a registry cannot be read.
    package static let registryCredentials: Self = "registry-credentials"
    /// A registry has no such repository, tag or blob.
    package static let registryNotFound: Self = "registry-not-found"
    /// A registry refused what was asked of it.
    package static let registryRefused: Self = "registry-refused"
    /// A registry gave or kept something else than it promised.
    package static let registryWrongContent: Self = "registry-wrong-content"
    /// An image has no valid signature by one of the keys that are trusted.
    package static let notSigned: Self = "not-signed"
}

extension RegistryError {
    init(_ error: HTTPError, method: HTTPMethod) {
        let kind: Kind =
            switch error.kind {
            case .unreachable, .timeout, .closed: .unreachable
            case .untrusted: .insecure
            case .malformed: .wrongContent
            }
        self.init(
            kind,
            "\(method.rawValue) \(error.address): \(error.reason)",
            fix: error.kind == .untrusted
                ? "put the authority's certificate into '/etc/docker/certs.d/\(error.address.authority)/ca.crt', "
                    + "or name its file in SSL_CERT_FILE" : nil
        )
    }
}
