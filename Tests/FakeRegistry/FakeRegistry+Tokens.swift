/// What a token is good for.
struct Token {
    var uses: Int
    /// `REPOSITORY:RIGHT` for each.
    let rights: Set<String>
}

/// The answer to whom gets no token.
struct NoToken: Error {
    let answer: FakeAnswer
}

/// Source: distribution specification, "token authentication", "OAuth 2" and "token scope".
extension FakeRegistry {
    /// The rights that are asked for with a password, or with none.
    func grant(_ request: FakeRequest, _ password: String, isPublic: Bool) -> Result<Set<String>, NoToken> {
        guard request.query["service"] == "fake" else { return refused(400, "DENIED", "another service") }
        let asked = rights(request.queryLists["scope"] ?? [])
        guard let shown = request.headers["authorization"] else {
            return isPublic
                ? .success(asked.filter { $0.hasSuffix(":pull") }) : refused(401, "UNAUTHORIZED", "who are you?")
        }
        return shown == password ? .success(asked) : refused(401, "UNAUTHORIZED", "wrong password")
    }

    /// The rights that are asked for with a refresh token.
    func grant(refresh request: FakeRequest, _ token: String) -> Result<Set<String>, NoToken> {
        var form: [String: String] = [:]
        for member in String(decoding: request.body, as: UTF8.self).split(separator: "&") {
            let pair = member.split(separator: "=", maxSplits: 1).map { URLText.decoded(String($0)) }
            form[pair[0]] = pair.count > 1 ? pair[1] : ""
        }
        guard request.headers["content-type"] == "application/x-www-form-urlencoded",
            form["grant_type"] == "refresh_token", form["service"] == "fake", form["client_id"]?.isEmpty == false
        else { return refused(400, "UNSUPPORTED", "no request for a token") }
        guard request.headers["authorization"] == nil, form["refresh_token"] == token else {
            return refused(401, "UNAUTHORIZED", "wrong refresh token")
        }
        return .success(rights((form["scope"] ?? "").split(separator: " ").map(String.init)))
    }

    /// The answer to whom shows no token, or one that is not good for the request; nil lets it through.
    func withoutToken(_ request: FakeRequest, _ state: inout State) -> FakeAnswer? {
        let scopes = scopes(request)
        var reason = ""
        if let shown = request.headers["authorization"], shown.hasPrefix("Bearer ") {
            let name = String(shown.dropFirst("Bearer ".count))
            if let token = state.tokens[name], token.uses > 0 {
                if token.rights.isSuperset(of: rights(scopes)) {
                    state.tokens[name]?.uses -= 1
                    return nil
                }
                reason = ",error=\"insufficient_scope\""
            } else {
                reason = ",error=\"invalid_token\""
            }
        }
        let challenge =
            "Bearer realm=\"http://\(request.headers["host"] ?? "")/token\",service=\"fake\","
            + "scope=\"\(scopes.joined(separator: " "))\"\(reason)"
        return error(401, "UNAUTHORIZED", "authentication required", ["www-authenticate": challenge])
    }

    /// What a request needs, as Debian's docker-registry asks for it.
    private func scopes(_ request: FakeRequest) -> [String] {
        let parts = request.path.split(separator: "/").map(String.init)
        guard let end = parts.lastIndex(where: { ["manifests", "blobs", "referrers"].contains($0) }), end > 1 else {
            return []
        }
        let actions =
            switch request.method {
            case "GET", "HEAD": "pull"
            case "DELETE": "delete"
            default: "pull,push"
            }
        let other = request.query["mount"] == nil ? nil : request.query["from"]
        return ["repository:\(parts[1..<end].joined(separator: "/")):\(actions)"]
            + (other.map { ["repository:\($0):pull"] } ?? [])
    }

    private func rights(_ scopes: [String]) -> Set<String> {
        Set(
            scopes.flatMap { scope in
                let parts = scope.split(separator: ":").map(String.init)
                guard parts.count == 3, parts[0] == "repository" else { return [String]() }
                return parts[2].split(separator: ",").map { "\(parts[1]):\($0)" }
            }
        )
    }

    private func refused(_ status: Int, _ code: String, _ text: String) -> Result<Set<String>, NoToken> {
        .failure(NoToken(answer: error(status, code, text)))
    }
}
