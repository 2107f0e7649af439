import HTTPTransport
import OCI

/// Asks the services that give credentials to whatever runs on a machine or in a container.
struct LocalService: Sendable {
    let carrier: any RequestCarrier
    let clock: RetryClock
    let redactor: Redactor

    /// Such answers are small.
    private static let limit = 64 << 10

    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self).trimmed }
    }

    /// Sends a request up to `attempts` times, as long as there is no answer or one that may be another later.
    ///
    /// Gives the last answer, whatever its status. Throws a transient `CredentialError` where there is none.
    func answer(to request: HTTPRequest, attempts: Int) async throws -> Answer {
        let policy = RetryPolicy(attempts: attempts, base: .milliseconds(200), longest: .seconds(1))
        var failures = 0
        while true {
            let failure: HTTPError?
            var last: Answer?
            do {
                let response = try await carrier.send(request)
                let body = try await response.collect(
                    from: request.address,
                    limit: Self.limit,
                    patience: request.patience
                )
                let answer = Answer(status: response.status, body: body)
                guard RetryPolicy.isTransient(status: answer.status) else { return answer }
                last = answer
                failure = nil
            } catch let error as HTTPError {
                failure = error
            }
            failures += 1
            guard failure?.isTransient ?? true,
                let pause = policy.pause(afterFailure: failures, jitter: clock.jitter())
            else {
                if let last { return last }
                let reason = failure?.description ?? "\(request.address): no answer"
                throw CredentialError(redactor.redact(reason), isTransient: failure?.isTransient ?? true)
            }
            try await clock.wait(pause)
        }
    }

    /// What an answer that is no success says.
    func failure(_ request: HTTPRequest, _ answer: Answer) -> CredentialError {
        CredentialError(
            "\(request.method.rawValue) \(request.address): the answer is \(answer.status)",
            why: message(in: answer.body),
            isTransient: RetryPolicy.isTransient(status: answer.status)
        )
    }

    private func message(in body: [UInt8]) -> String? {
        guard let document = try? JSONValue.parse(body, limit: Self.limit) else { return nil }
        let texts = [("code", "Code"), ("message", "Message")].compactMap { small, large in
            (document[small] ?? document[large])?.stringValue
        }
        return texts.isEmpty ? nil : shortened(redactor.redact(texts.joined(separator: ": ")))
    }
}
