package import HTTPTransport
import OCI
import Synchronization
import SystemIO

/// What all calls of a run share: transport, credentials, endpoints, retries, the service's clock, and what is secret.
package final class AWSSession: Sendable {
    let carrier: any RequestCarrier
    let credentials: any CredentialProvider
    let endpoints: Endpoints
    let policy: RetryPolicy
    package let clock: RetryClock
    let redactor: Redactor
    private let budget = RetryBudget()
    private let keys = SigningKeys()
    /// What has to be added to our clock to have the service's: seconds.
    private let skew = Mutex<Int64>(0)

    package init(
        carrier: any RequestCarrier,
        credentials: any CredentialProvider,
        endpoints: Endpoints,
        policy: RetryPolicy = RetryPolicy(),
        clock: RetryClock = .system,
        redactor: Redactor
    ) {
        self.carrier = carrier
        self.credentials = credentials
        self.endpoints = endpoints
        self.policy = policy
        self.clock = clock
        self.redactor = redactor
    }

    /// An answer larger than this is none of the services that are called here.
    private static let limit = 32 << 20
    /// How long what was just made may be unknown.
    ///
    /// Source: the advice of the EBS team, two minutes; one minute was seen.
    private static let longestUnknown = 150.0
    /// A clock that is wrong by less than this is not why a signature is refused.
    private static let leastSkew: Int64 = 240

    /// Makes a call until it succeeds, or fails for good.
    ///
    /// Throttling is waited out, however often it comes; what is transient is tried again as the policy and the budget of
    /// the run allow. Throws `ServiceError`, or what the credentials' source throws.
    package func send(_ call: ServiceCall, in region: String) async throws -> ServiceAnswer {
        var failures = 0
        var throttles = 0
        var hasRenewed = false
        var hasCorrected = false
        let start = clock.steady()
        while true {
            let signer = call.isSigned ? try await credentials.credentials() : nil
            do {
                let answer = try await attempt(call, in: region, signer)
                budget.giveBack()
                return answer
            } catch let failed as FailedAttempt {
                let error = failed.error
                if error.isThrottling {
                    throttles += 1
                    try await clock.wait(pause(afterThrottle: throttles))
                } else if error.isExpired, let signer, !hasRenewed {
                    hasRenewed = true
                    await credentials.invalidate(signer)
                } else if error.mayBeSkew, !hasCorrected, correct(failed.date) {
                    hasCorrected = true
                } else if call.mayBeUnknownYet.contains(error.code), clock.steady() - start < Self.longestUnknown {
                    failures += 1
                    try await clock.wait(
                        policy.pause(afterFailure: min(failures, policy.attempts - 1), jitter: clock.jitter()) ?? .zero
                    )
                } else if error.isTransient, budget.take() {
                    failures += 1
                    let pause = policy.pause(afterFailure: failures, asked: failed.asked, jitter: clock.jitter())
                    guard let pause else { throw error }
                    try await clock.wait(pause)
                } else {
                    throw error
                }
            }
        }
    }

    private struct FailedAttempt: Error {
        let error: ServiceError
        /// What the service's clock said, seconds since 1970.
        var date: Int64?
        var asked: Duration?
    }

    private func pause(afterThrottle count: Int) -> Duration {
        let whole = min(policy.base * (1 << min(count - 1, 20)), policy.longest)
        return whole / 2 + whole / 2 * clock.jitter()
    }

    private func attempt(_ call: ServiceCall, in region: String, _ key: Credentials?) async throws -> ServiceAnswer {
        var request = try request(of: call, in: region)
        if let key {
            signer(of: call, in: region, key).sign(&request, payload: payload(of: call))
        }
        do {
            let response = try await carrier.send(request)
            let body = try await response.collect(from: request.address, limit: Self.limit)
            if (200..<300).contains(response.status) { return ServiceAnswer(headers: response.headers, body: body) }
            throw FailedAttempt(
                error: error(call, region, response, body),
                date: response.headers["date"].flatMap { HTTPDate.seconds($0) },
                asked: response.headers["retry-after"].flatMap { RetryAfter.pause($0, now: clock.now()) }
            )
        } catch let failure as HTTPError {
            throw FailedAttempt(
                error: ServiceError(
                    call,
                    region: region,
                    status: 0,
                    code: failure.isTransient ? ServiceError.noAnswer : "no exchange",
                    message: redactor.redact(failure.description)
                )
            )
        }
    }

    private func signer(of call: ServiceCall, in region: String, _ key: Credentials) -> RequestSigner {
        RequestSigner(
            credentials: key,
            region: Endpoints.signingRegion(of: call.service, in: region),
            service: call.service.rawValue,
            time: clock.now() + skew.withLock { $0 },
            keys: keys
        )
    }

    private func payload(of call: ServiceCall) -> RequestSigner.Payload {
        switch call.body {
        case .bytes(let bytes): return .bytes(bytes)
        case .large(let large): return .digest(large.digest)
        case .buffer: return .unsigned
        }
    }

    private func request(of call: ServiceCall, in region: String) throws -> HTTPRequest {
        let address = try address(of: call, in: region)
        var request = HTTPRequest(call.method, address, headers: call.headers)
        switch call.body {
        case .bytes(let bytes): request.body = bytes.isEmpty && call.method == .get ? .none : .bytes(bytes)
        case .buffer(let buffer): request.body = .buffer(buffer)
        case .large(let large):
            request.body = .stream(length: large.length, next: try large.open())
            request.patience = large.patience
        }
        return request
    }

    private func address(of call: ServiceCall, in region: String) throws -> WebAddress {
        let base =
            try call.bucket.map { try endpoints.address(ofBucket: $0, in: region) }
            ?? endpoints.address(of: call.service, in: region)
        let folder = base.path.hasSuffix("/") ? String(base.path.dropLast()) : base.path
        let query = call.query.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
        let address = WebAddress(
            scheme: base.scheme,
            host: base.host,
            port: base.port,
            path: folder + call.path,
            query: query.isEmpty ? nil : query
        )
        guard let address else { throw EndpointError("the address of \(call.operation)", call.path) }
        return address
    }

    /// The address by which whoever has it can make the call, without credentials, for so many seconds.
    ///
    /// It works no longer than the credentials that it is signed with. It is as secret as they are: it stands in no message.
    func presigned(_ call: ServiceCall, in region: String, seconds: Int) async throws -> WebAddress {
        let key = try await credentials.credentials()
        let address = try address(of: call, in: region)
        return signer(of: call, in: region, key).presigned(call.method, address, seconds: seconds)
    }

    /// Takes the service's clock for ours where they are far apart; false where that cannot be why.
    private func correct(_ date: Int64?) -> Bool {
        guard let date else { return false }
        let found = date - clock.now()
        return skew.withLock { known in
            guard abs(found - known) >= Self.leastSkew else { return false }
            known = found
            return true
        }
    }

    private func error(
        _ call: ServiceCall,
        _ region: String,
        _ response: HTTPResponse,
        _ body: [UInt8]
    ) -> ServiceError {
        let found = ErrorDocument(response.headers, body)
        return ServiceError(
            call,
            region: region,
            status: response.status,
            code: found?.code ?? "status \(response.status)",
            // First what is secret goes: of a secret that is cut in two, neither half would be known.
            message: cutLine(redactor.redact(found?.message ?? String(decoding: body.prefix(64 << 10), as: UTF8.self))),
            requestID: found?.requestID ?? response.headers["x-amzn-requestid"] ?? response.headers["x-amz-request-id"]
        )
    }
}
