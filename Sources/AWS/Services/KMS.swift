package import OCI

/// The key management service, as far as it is called here.
///
/// Source: AWS Key Management Service API Reference, version 2014-11-01.
package struct KMS: Sendable {
    private let session: AWSSession
    private let region: String

    package init(_ session: AWSSession, region: String) {
        self.session = session
        self.region = region
    }

    /// A key as it is now.
    package struct Key: Sendable, Hashable {
        package var arn: String
        /// As the service names it: `Enabled`.
        package var state: String
        /// Whether AWS made it and decides who may use it: nobody else's account, ever.
        package var isManagedByAWS: Bool
    }

    /// The key of an id, an ARN, or an alias; nil where there is none.
    package func key(_ name: String) async throws -> Key? {
        do {
            let found = try await call("DescribeKey", .object(["KeyId": .string(name)]))["KeyMetadata"]
            guard let arn = found?["Arn"]?.stringValue, let state = found?["KeyState"]?.stringValue else { return nil }
            return Key(arn: arn, state: state, isManagedByAWS: found?["KeyManager"]?.stringValue == "AWS")
        } catch let error as ServiceError where error.code == "NotFoundException" {
            return nil
        }
    }

    /// The key's policy, a JSON document.
    package func policy(of arn: String) async throws -> JSONValue? {
        let answer = try await call("GetKeyPolicy", .object(["KeyId": .string(arn), "PolicyName": "default"]))
        return answer["Policy"]?.stringValue.flatMap { try? JSONValue.parse(Array($0.utf8)) }
    }

    /// Who the key is lent to, and for which operations.
    package func grants(of arn: String) async throws -> [(principal: String, operations: Set<String>)] {
        var found: [(principal: String, operations: Set<String>)] = []
        var marker: String?
        repeat {
            let answer = try await call(
                "ListGrants",
                .object(["KeyId": .string(arn), "Marker": marker.map(JSONValue.string)])
            )
            for grant in answer["Grants"]?.arrayValue ?? [] {
                let operations = (grant["Operations"]?.arrayValue ?? []).compactMap(\.stringValue)
                found.append((grant["GranteePrincipal"]?.stringValue ?? "", Set(operations)))
            }
            marker = answer["NextMarker"]?.stringValue
        } while marker != nil
        return found
    }

    private func call(_ operation: String, _ body: JSONValue) async throws -> JSONValue {
        try await session.json(ServiceCall(.kms, target: "TrentService.\(operation)", body), in: region).document
    }
}
