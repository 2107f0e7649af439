import HTTPTransport
import OCI

/// The container registry of an account, as far as it is called here.
///
/// Source: Amazon ECR API Reference, version 2015-09-21.
package struct ECR: Sendable {
    private let session: AWSSession
    private let registry: ECRRegistry

    package init(_ session: AWSSession, _ registry: ECRRegistry) {
        self.session = session
        self.registry = registry
    }

    /// User and password for the registry, good for twelve hours; what is secret of them is never shown.
    package func login() async throws -> (user: String, password: String) {
        let call = call("GetAuthorizationToken", .object(["registryIds": .strings([registry.account])]))
        let (document, answer) = try await session.json(call, in: registry.region)
        let data = document["authorizationData"]?.arrayValue?.first
        guard let token = data?["authorizationToken"]?.stringValue, let bytes = Base64.decode(token),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        else { throw session.unreadable(call, registry.region, answer) }
        let password = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        session.redactor.learn(token)
        session.redactor.learn(password)
        return (String(decoding: bytes[..<colon], as: UTF8.self), password)
    }

    /// Whether the registry has a repository.
    package func hasRepository(_ name: String) async throws -> Bool {
        let body = JSONValue.object([
            "registryId": .string(registry.account), "repositoryNames": .strings([name]),
        ])
        do {
            _ = try await session.send(call("DescribeRepositories", body), in: registry.region)
            return true
        } catch let error as ServiceError where error.code == "RepositoryNotFoundException" {
            return false
        }
    }

    /// Makes a repository in which a tag never changes its meaning; one that somebody else has just made will do.
    package func createRepository(_ name: String, tags: [Tag]) async throws {
        let body = JSONValue.object([
            "imageTagMutability": "IMMUTABLE", "registryId": .string(registry.account), "repositoryName": .string(name),
            "tags": .array(tags.map { .object(["Key": .string($0.key), "Value": .string($0.value)]) }),
        ])
        do {
            _ = try await session.send(call("CreateRepository", body), in: registry.region)
        } catch let error as ServiceError where error.code == "RepositoryAlreadyExistsException" {}
    }

    private func call(_ operation: String, _ body: JSONValue) -> ServiceCall {
        ServiceCall(.ecr, target: "AmazonEC2ContainerRegistry_V20150921.\(operation)", body)
    }
}

/// The registry of an account in a region: `111122223333.dkr.ecr.eu-west-1.amazonaws.com`.
///
/// Source: Amazon ECR User Guide, "Amazon ECR private registries".
package struct ECRRegistry: Sendable, Hashable {
    package let account: String
    package let region: String

    /// Nil for a host that is no such registry.
    package init?(host: String) {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 6, parts[0].utf8.count == 12, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            parts[1] == "dkr", ["ecr", "ecr-fips"].contains(parts[2]),
            parts[4...].joined(separator: ".") == Endpoints.suffix(of: parts[3])
        else { return nil }
        (account, region) = (parts[0], parts[3])
    }
}
