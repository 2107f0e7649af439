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

    func call(_ operation: String, _ body: JSONValue, mayBeUnknownYet: Set<String> = []) async throws -> JSONValue {
        try await session.json(.ssm, "AmazonSSM", operation, body, mayBeUnknownYet: mayBeUnknownYet, in: region)
    }
}
