import HTTPTransport
import OCI

/// Knows how one registry wants to be asked, and holds its tokens.
///
/// Credentials are looked up when they are first asked for. They go to the registry itself, to a token server that
/// `RegistryHost.trustsTokenServer` accepts, or to one for which the user keeps the same ones, and nowhere else.
actor Authorizer {
    private struct Token {
        let header: String
        /// Until when it is good.
        let end: Double
        /// Requests that it was given to.
        var uses = 1
    }

    private let host: RegistryHost
    // It holds this one, so it is not held; whoever asks holds both.
    private unowned let session: RegistrySession
    private var scheme: Challenge?
    /// The one for each set of rights.
    private var tokens: [[TokenScope]: Token] = [:]
    /// What there is for the token servers that are elsewhere.
    private var others: [String: Credential?] = [:]
    private var credential: Credential?
    private var hasAsked = false

    init(host: RegistryHost, session: RegistrySession) {
        self.host = host
        self.session = session
    }

    /// What to send as `Authorization`; nil as long as the registry has asked for nothing.
    func header(for scopes: [TokenScope]) async throws -> String? {
        switch scheme {
        case nil: return nil
        case .basic: return try await known()?.basicHeader
        case .bearer(let realm, let service, _):
            if let token = tokens[scopes], session.clock.steady() < token.end {
                tokens[scopes]?.uses += 1
                return token.header
            }
            return try await fetch(realm, service, scopes)
        }
    }

    /// Takes note of a 401; false where there is nothing more to show.
    ///
    /// `rejected` is what was sent: if another task has a newer token by now, that one counts.
    func challenged(_ challenges: [Challenge], rejected: String?, scopes: [TokenScope]) async throws -> Bool {
        if case .bearer = scheme, let token = tokens[scopes], token.header != rejected { return true }
        for challenge in challenges {
            switch challenge {
            case .basic:
                guard let header = try await known()?.basicHeader, header != rejected else { continue }
            case .bearer(let realm, let service, let lacksRights):
                // The same would be given again, and a password is not what a token is refused for.
                if lacksRights, rejected?.hasPrefix("Bearer ") == true,
                    case .bearer(let knownRealm, let knownService, _) = scheme,
                    realm == knownRealm, service == knownService
                {
                    return false
                }
            }
            scheme = challenge
            tokens[scopes] = nil
            return true
        }
        return false
    }

    /// Whether it is a token that one request was given, and no other.
    func isUnused(_ header: String?, for scopes: [TokenScope]) -> Bool {
        tokens[scopes].map { $0.header == header && $0.uses == 1 } ?? false
    }

    /// Whether there are credentials for this registry, for messages.
    func isAnonymous() async throws -> Bool { try await known() == nil }

    private func known() async throws -> Credential? {
        if hasAsked { return credential }
        let found = try await session.credentials.credential(for: host.credentialNames)
        found?.learn(session.redactor)
        credential = found
        hasAsked = true
        return found
    }

    /// What the token server is shown: the registry's credentials, where they are for it, too.
    ///
    /// Another login that there may be for its host is not used. The token goes to the registry, so any registry could
    /// get one for repositories that are none of its own by naming a token server where the user has an account.
    private func credential(for realm: WebAddress) async throws -> Credential? {
        guard let own = try await known(), !host.trustsTokenServer(realm) else { return try await known() }
        let other = try await known(elsewhere: realm.authority)
        if other == own { return own }
        throw RegistryError(
            .insecure,
            "\(host.address): its token server is '\(realm.authority)', which the credentials are not for",
            why: other == nil
                ? "credentials are sent to no other host than the one that they are kept for"
                : "the login for '\(realm.authority)' is another one than that for '\(host)'",
            fix: "if that host is to have them, keep the login of '\(host)' for '\(realm.authority)', too: with "
                + "'docker login \(realm.authority)', or by an entry of that name in Docker's 'config.json'"
        )
    }

    private func known(elsewhere authority: String) async throws -> Credential? {
        if let known = others[authority] { return known }
        var found: Credential?
        do {
            found = try await session.credentials.credential(for: [authority])
        } catch let error as RegistryError where error.kind == .credentials {
            // Many helpers fail where they know nothing of a host, and that one is the registry's choice.
        }
        others.updateValue(found, forKey: authority)
        return found
    }

    /// Source: distribution specification, "token authentication" (GET) and "OAuth 2" (POST with a refresh token).
    private func fetch(_ realm: String, _ service: String?, _ scopes: [TokenScope]) async throws -> String {
        guard var address = host.address.following(realm) else {
            throw RegistryError(.wrongContent, "\(host.address): its token server '\(cutLine(realm))' is no address")
        }
        guard session.insecure.allows(from: host.address, to: address) else {
            throw RegistryError(
                .insecure,
                "\(host.address): its token server '\(address.authority)' is not reached by TLS",
                // From TLS there is no way to plain HTTP.
                fix: host.address.scheme == .https
                    ? nil : "pass '--insecure \(address.authority)' if that host may be spoken to in plain HTTP"
            )
        }
        let credential = try await credential(for: address)
        var request: HTTPRequest
        if case .identityToken(let token)? = credential {
            let members = [
                ("grant_type", "refresh_token"), ("service", service ?? ""), ("client_id", "ovenbird"),
                ("scope", scopes.map(\.description).joined(separator: " ")), ("refresh_token", token),
            ]
            let form = members.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
            request = HTTPRequest(.post, address, body: .bytes(Array(form.utf8)))
            request.headers["content-type"] = "application/x-www-form-urlencoded"
        } else {
            if let service { address = address.adding(query: "service", service) }
            for scope in scopes { address = address.adding(query: "scope", scope.description) }
            request = HTTPRequest(.get, address)
            request.headers["authorization"] = credential?.basicHeader
        }
        let response = try await session.exchange(request)
        guard response.status == 200 else {
            if response.status == 401 || response.status == 403 {
                throw RegistryError(
                    .denied,
                    await session.message(request, response),
                    why: credential == nil
                        ? "there are no credentials for '\(host)'" : "the credentials for '\(host)' were refused",
                    fix: "log in with 'docker login \(host)'"
                )
            }
            throw RegistryError(.refused, await session.message(request, response))
        }
        let body = try await session.collect(response, of: request, limit: 1 << 20)
        let document = try? JSONValue.parse(body)
        guard let token = document?["token"]?.stringValue ?? document?["access_token"]?.stringValue, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw RegistryError(.wrongContent, "\(request.method.rawValue) \(address): the answer holds no token") }
        session.redactor.learn(token)
        // The specification: at least 60 seconds, and 60 where nothing is said. Renewed a little before the end.
        let lifetime = Double(min(max(document?["expires_in"]?.integerValue ?? 60, 1), 86_400))
        let header = "Bearer \(token)"
        tokens[scopes] = Token(header: header, end: session.clock.steady() + max(lifetime * 0.8, lifetime - 15))
        return header
    }
}
