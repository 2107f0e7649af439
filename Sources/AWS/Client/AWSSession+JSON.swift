import HTTPTransport
import OCI

extension AWSSession {
    /// Makes a call of a service that speaks JSON in both directions; `operation` with the service's prefix:
    /// `AmazonSSM.GetParameter`.
    ///
    /// Source: Smithy specification, "AWS JSON 1.1 protocol".
    func json(
        _ service: ServiceCall.Service,
        _ prefix: String,
        _ operation: String,
        _ body: JSONValue,
        mayBeUnknownYet: Set<String> = [],
        in region: String
    ) async throws -> JSONValue {
        let call = ServiceCall(
            service,
            operation,
            headers: ["Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "\(prefix).\(operation)"],
            body: body.canonicalBytes,
            mayBeUnknownYet: mayBeUnknownYet
        )
        let answer = try await send(call, in: region)
        if answer.body.isEmpty { return .object([:]) }
        guard let document = try? JSONValue.parse(answer.body) else { throw unreadable(call, region, answer) }
        return document
    }
}
