import HTTPTransport
import OCI

/// Systems Manager, as far as it is called here.
///
/// Source: AWS Systems Manager API Reference, version 2014-11-06.
package struct SSM: Sendable {
    let session: AWSSession
    package let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    /// The value of a parameter; nil where there is none.
    package func parameter(_ name: String) async throws -> String? {
        let call = call("GetParameter", .object(["Name": .string(name)]))
        do {
            let (document, answer) = try await send(call)
            guard let value = document["Parameter"]?["Value"]?.stringValue else {
                throw session.unreadable(call, region, answer)
            }
            return value
        } catch let error as ServiceError where error.code == "ParameterNotFound" {
            return nil
        }
    }

    func call(_ operation: String, _ body: JSONValue, mayBeUnknownYet: Set<String> = []) -> ServiceCall {
        ServiceCall(.ssm, target: "AmazonSSM.\(operation)", body, mayBeUnknownYet: mayBeUnknownYet)
    }

    func send(_ call: ServiceCall) async throws -> (JSONValue, ServiceAnswer) {
        try await session.json(call, in: region)
    }
}
