package import HTTPTransport
package import OCI
import Synchronization

/// What all exchanges with registries in one run share: the transport, credentials and tokens, retries, and what is
/// secret.
package final class RegistrySession: Sendable {
    let carrier: any RequestCarrier
    let credentials: any CredentialSource
    let insecure: InsecureHosts
    let policy: RetryPolicy
    let clock: RetryClock
    let pace: Pace
    let redactor = Redactor()
    private let authorizers = Mutex<[RegistryHost: Authorizer]>([:])

    package init(
        carrier: any RequestCarrier,
        credentials: any CredentialSource,
        insecure: InsecureHosts = InsecureHosts(),
        policy: RetryPolicy = RetryPolicy(),
        clock: RetryClock = .system,
        pace: Pace = Pace()
    ) {
        self.carrier = carrier
        self.credentials = credentials
        self.insecure = insecure
        self.policy = policy
        self.clock = clock
        self.pace = pace
    }

    /// How slow the other side may be.
    package struct Pace: Sendable {
        /// Of a small exchange, from the request to the end of the answer.
        package var answer: Duration
        /// A blob has to move by at least `bytes` in each `window` of seconds.
        package var window: Double
        package var bytes: Int64
        /// For putting tags back after a cancellation: by a signal the process ends soon after it, in any case.
        package var farewell: Duration

        package init(
            answer: Duration = .seconds(60),
            window: Double = 30,
            bytes: Int64 = 256 << 10,
            farewell: Duration = .seconds(1)
        ) {
            self.answer = answer
            self.window = window
            self.bytes = bytes
            self.farewell = farewell
        }

        /// How long an upload of so many bytes may take.
        func patience(for count: Int64) -> Duration { answer + .seconds(Double(count) / Double(bytes) * window) }
    }

    /// The repository of a reference, and the registry that it is in.
    ///
    /// Throws where the reference names no registry: none is assumed.
    package func repository(_ reference: Reference, forPushing: Bool = false) throws -> RepositoryClient {
        guard let name = reference.registry else {
            throw RegistryError(
                .notFound,
                "'\(reference)' names no registry",
                fix: "write the registry's host before it: 'docker.io/\(reference)' is Docker Hub's"
            )
        }
        let host = try RegistryHost(name, insecure: insecure)
        let authorizer = authorizers.withLock { known in
            if let known = known[host] { return known }
            let made = Authorizer(host: host, session: self)
            known[host] = made
            return made
        }
        let repository = host.repository(reference)
        return RepositoryClient(
            session: self,
            host: host,
            repository: repository,
            scopes: [TokenScope(repository: repository, rights: forPushing ? .push : .pull)],
            authorizer: authorizer
        )
    }
}

extension RegistrySession {
    /// Sends a request that may be repeated until the server takes it or the policy gives up; any other answer is given
    /// back.
    ///
    /// With `once` there is one try.
    func exchange(_ request: HTTPRequest, once: Bool = false) async throws -> HTTPResponse {
        var failures = 0
        while true {
            do {
                let response = try await carrier.send(request)
                guard RetryPolicy.isTransient(status: response.status) else { return response }
                failures += 1
                guard !once, try await wait(afterFailure: failures, response) else { return response }
                await response.drain()
            } catch let error as HTTPError {
                failures += 1
                guard !once, error.isTransient, try await wait(afterFailure: failures) else {
                    throw RegistryError(error, method: request.method)
                }
            }
        }
    }

    /// Waits as the policy and `Retry-After` say; false where no further try is due.
    func wait(afterFailure failures: Int, _ response: HTTPResponse? = nil) async throws -> Bool {
        let asked = response?.headers["retry-after"].flatMap { RetryAfter.pause($0, now: clock.now()) }
        guard let pause = policy.pause(afterFailure: failures, asked: asked, jitter: clock.jitter()) else {
            return false
        }
        try await clock.wait(pause)
        return true
    }

    /// The body of a small answer.
    func collect(_ response: HTTPResponse, of request: HTTPRequest, limit: Int) async throws -> [UInt8] {
        do {
            return try await response.collect(from: request.address, limit: limit, patience: pace.answer)
        } catch let error as HTTPError {
            throw RegistryError(error, method: request.method)
        }
    }

    /// Request, status, and what the registry says about it; nothing secret.
    ///
    /// Source of the errors' form: OCI distribution specification 1.1, "Error codes".
    func message(_ request: HTTPRequest, _ response: HTTPResponse) async -> String {
        let start = "\(request.method.rawValue) \(request.address): \(response.status)"
        guard request.method != .head,
            let body = try? await response.collect(from: request.address, limit: 64 << 10, patience: .seconds(10))
        else { return start }
        var text = String(decoding: body, as: UTF8.self)
        if let document = try? JSONValue.parse(body), let first = document["errors"]?.arrayValue?.first {
            let parts = [first["code"]?.stringValue, first["message"]?.stringValue].compactMap(\.self)
            text = parts.joined(separator: ": ")
        }
        // First what is secret goes: of a secret that is cut in two, neither half would be known.
        text = cutLine(redactor.redact(text))
        return text.isEmpty ? start : "\(start) \(text)"
    }
}
