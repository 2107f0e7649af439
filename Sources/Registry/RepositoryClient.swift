import HTTPTransport
import OCI
import SystemIO

/// The distribution API for one repository.
///
/// Source: OCI distribution specification 1.1. Every request carries the authorization that the registry asked for, to
/// the registry's own origin only; redirects are followed here, without it where they lead elsewhere.
package struct RepositoryClient: Sendable {
    let session: RegistrySession
    package let host: RegistryHost
    let repository: String
    var scopes: [TokenScope]
    let authorizer: Authorizer

    /// Whether a failure that time might heal is one: for what can be done without.
    var triesOnce = false

    /// `registry.example.com/team/web`.
    package var name: String { "\(host)/\(repository)" }

    /// The client with the right to read other repositories too, whose blobs are to be mounted.
    func reading(_ others: [String]) -> RepositoryClient {
        var client = self
        let more = Set(others).subtracting([repository]).sorted()
        client.scopes = scopes + more.map { TokenScope(repository: $0, rights: .pull) }
        return client
    }

    /// The client with the right to take away, too.
    func deleting() -> RepositoryClient {
        var client = self
        client.scopes = [TokenScope(repository: repository, rights: .delete)]
        return client
    }

    /// An address of this repository, or of another one of the registry.
    func address(_ path: String, in other: String? = nil) -> WebAddress {
        // Repositories, tags and digests hold no characters that an address would not take.
        host.address.following("/v2/\(other ?? repository)/\(path)") ?? host.address
    }

    /// Sends a request that may be repeated; gives any answer but 401, redirects, and what time might heal.
    func send(_ request: HTTPRequest) async throws -> (request: HTTPRequest, response: HTTPResponse) {
        var current = request
        current.patience = max(request.patience, session.pace.answer)
        var hops = 0
        var challenges = AnsweredChallenges()
        while true {
            let authorization = try await authorization(for: current.address)
            current.headers["authorization"] = authorization
            let response = try await session.exchange(current, once: triesOnce)
            if response.status == 401, current.address.hasSameOrigin(as: host.address) {
                guard try await isAnswerable(response, sent: authorization, &challenges) else {
                    throw await denied(current, response)
                }
                continue
            }
            if let target = try redirect(current, response) {
                hops += 1
                guard hops <= 5 else { throw RegistryError(.refused, "\(describe(current)): too many redirects") }
                await response.drain()
                current.address = target
                continue
            }
            return (current, response)
        }
    }

    func authorization(for address: WebAddress) async throws -> String? {
        address.hasSameOrigin(as: host.address) ? try await authorizer.header(for: scopes) : nil
    }

    /// Takes note of what a 401 asks for; false where it has been answered already.
    func isAnswerable(
        _ response: HTTPResponse,
        sent authorization: String?,
        _ answered: inout AnsweredChallenges
    ) async throws -> Bool {
        answered.count += 1
        if await authorizer.isUnused(authorization, for: scopes) { answered.withUnusedToken += 1 }
        guard !answered.isEnough else { return false }
        let challenges = Challenge.all(response.headers)
        guard try await authorizer.challenged(challenges, rejected: authorization, scopes: scopes) else { return false }
        await response.drain()
        return true
    }

    /// Where the answer leads, if it is a redirect that may be followed.
    private func redirect(_ request: HTTPRequest, _ response: HTTPResponse) throws -> WebAddress? {
        let keepsMethod = response.status == 307 || response.status == 308
        guard keepsMethod || [301, 302, 303].contains(response.status) else { return nil }
        guard let location = response.headers["location"], let target = request.address.following(location) else {
            throw RegistryError(.wrongContent, "\(describe(request)): \(response.status) without a usable 'Location'")
        }
        try checkWay(from: request.address, to: target, request)
        let isReading = request.method == .get || request.method == .head
        guard isReading || keepsMethod && target.hasSameOrigin(as: request.address) else {
            throw RegistryError(.refused, "\(describe(request)): a redirect to '\(target)', which is not followed")
        }
        return target
    }

    /// Refuses the way from TLS to plain HTTP, and in plain HTTP to hosts that are not named as insecure.
    func checkWay(from origin: WebAddress, to target: WebAddress, _ request: HTTPRequest) throws {
        guard session.insecure.allows(from: origin, to: target) else {
            throw RegistryError(.insecure, "\(describe(request)): it leads to '\(target)', which is not TLS")
        }
    }

    func describe(_ request: HTTPRequest) -> String { "\(request.method.rawValue) \(request.address)" }

    /// The error for an answer that is none of those that were expected.
    func unexpected(_ request: HTTPRequest, _ response: HTTPResponse) async -> RegistryError {
        switch response.status {
        case 401, 403: await denied(request, response)
        case 404: RegistryError(.notFound, await session.message(request, response))
        default: RegistryError(.refused, await session.message(request, response))
        }
    }

    func denied(_ request: HTTPRequest, _ response: HTTPResponse) async -> RegistryError {
        let isAnonymous = (try? await authorizer.isAnonymous()) ?? false
        return RegistryError(
            .denied,
            await session.message(request, response),
            why: isAnonymous
                ? "there are no credentials for '\(host)'"
                : "the credentials for '\(host)' do not allow this",
            fix: "log in with 'docker login \(host)'"
        )
    }

    /// Holds what the registry says of the content against what it should be (`Docker-Content-Digest`).
    func check(_ response: HTTPResponse, is digest: Digest, _ request: HTTPRequest) throws {
        guard let text = response.headers["docker-content-digest"], text != digest.description else { return }
        throw RegistryError(
            .wrongContent,
            "\(describe(request)): the registry says that it has '\(cutLine(text))', not '\(digest)'"
        )
    }
}

/// The challenges that one request has met.
struct AnsweredChallenges {
    var count = 0
    /// Those to a token that nobody else was given.
    var withUnusedToken = 0

    /// Other requests may have used up the token that was sent; one that was for this request alone is good for less,
    /// and so would be the next.
    var isEnough: Bool { count > 8 || withUnusedToken == 2 }
}
