import HTTPTransport

/// What a registry or its token server is shown.
package enum Credential: Hashable, Sendable {
    case basic(user: String, password: String)
    /// An OAuth 2 refresh token, which a token server takes and no registry.
    case identityToken(String)

    /// The header field `Authorization` of RFC 7617; nil for what is no password.
    var basicHeader: String? {
        guard case .basic(let user, let password) = self else { return nil }
        return "Basic \(Base64.encode(Array("\(user):\(password)".utf8)))"
    }

    /// Makes sure that no message shows it in any of its forms.
    func learn(_ redactor: Redactor) {
        switch self {
        case .basic(let user, let password):
            redactor.learn(password)
            redactor.learn(percentEncoded(password))
            redactor.learn(Base64.encode(Array("\(user):\(password)".utf8)))
        case .identityToken(let token):
            redactor.learn(token)
            redactor.learn(percentEncoded(token))
        }
    }
}

/// Finds the credential for a registry; nil means anonymous.
package protocol CredentialSource: Sendable {
    /// `names` are all names under which it may be kept, the most exact first.
    func credential(for names: [String]) async throws -> Credential?
}

/// No credentials at all.
package struct AnonymousOnly: CredentialSource {
    package init() {}

    package func credential(for names: [String]) -> Credential? { nil }
}
