import HTTPTransport
import OCI

extension ServiceCall {
    /// A call of a service that speaks JSON in both directions; `target` is what its protocol calls it:
    /// `AmazonSSM.GetParameter`.
    ///
    /// Source: Smithy specification, "AWS JSON 1.1 protocol".
    init(_ service: Service, target: String, _ body: JSONValue, mayBeUnknownYet: Set<String> = []) {
        self.init(
            service,
            target.split(separator: ".").last.map(String.init) ?? target,
            headers: ["Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target],
            body: body.canonicalBytes,
            mayBeUnknownYet: mayBeUnknownYet
        )
    }
}

extension AWSSession {
    /// Makes a call whose answer is a JSON object; an empty one is an object without members.
    func json(_ call: ServiceCall, in region: String) async throws -> (document: JSONValue, answer: ServiceAnswer) {
        let answer = try await send(call, in: region)
        if answer.body.isEmpty { return (.object([:]), answer) }
        guard let document = try? JSONValue.parse(answer.body), document.objectValue != nil else {
            throw unreadable(call, region, answer)
        }
        return (document, answer)
    }
}
