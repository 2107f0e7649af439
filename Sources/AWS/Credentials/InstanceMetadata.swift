import HTTPTransport
import OCI

/// The credentials of the role that an EC2 instance has, by version 2 of its metadata service only.
///
/// Sources: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata" and "Retrieve security
/// credentials from instance metadata"; AWS SDKs and Tools Reference Guide, "IMDS credential provider".
struct InstanceMetadata: Sendable {
    let variables: Variables
    /// For `ec2_metadata_service_endpoint` and its mode.
    let profile: ProfileSection?
    let service: LocalService

    /// A machine elsewhere is held up no longer than twice this.
    private static let patience = Duration.seconds(1)
    /// Where there is a token there is a service, which may be slow.
    private static let patienceWithToken = Duration.seconds(2)
    private static let folder = "/latest/meta-data/iam/security-credentials/"

    /// Why the service is not asked, or nil where it is.
    var obstacle: String? {
        variables.isTrue("AWS_EC2_METADATA_DISABLED") ? "AWS_EC2_METADATA_DISABLED is 'true'" : nil
    }

    /// Throws `CredentialError`, a transient one where nobody answers.
    func read() async throws -> Credentials {
        if let obstacle { throw CredentialError(obstacle) }
        let token = try await token()
        service.redactor.learn(token)
        let role = try await role(token)
        let request = try get(Self.folder + percentEncoded(role), token)
        let answer = try await service.answer(to: request, attempts: 3)
        guard answer.status == 200 else { throw service.failure(request, answer) }
        let reader = CredentialDocument(
            giver: "GET \(request.address)",
            source: "the instance's role '\(shortened(role))'",
            tokenKey: "Token"
        )
        let document = (try? JSONValue.parse(answer.body)) ?? .null
        if let code = document["Code"]?.stringValue, code != "Success" {
            let message = document["Message"]?.stringValue.map { ": \($0)" } ?? ""
            throw CredentialError(
                "GET \(request.address): the service gave no credentials",
                why: shortened(service.redactor.redact(code + message))
            )
        }
        return extended(try reader.read(answer.body))
    }

    private func token() async throws -> String {
        let request = HTTPRequest(
            .put,
            try address("/latest/api/token"),
            headers: ["x-aws-ec2-metadata-token-ttl-seconds": "21600"],
            body: .bytes([]),
            patience: Self.patience
        )
        let answer = try await service.answer(to: request, attempts: 2)
        guard answer.status == 200 else { throw service.failure(request, answer) }
        guard answer.text.isOneWord else { throw CredentialError("PUT \(request.address): the answer is no token") }
        return answer.text
    }

    private func role(_ token: String) async throws -> String {
        let request = try get(Self.folder, token)
        let answer = try await service.answer(to: request, attempts: 3)
        if answer.status == 404 { throw CredentialError("the instance has no role") }
        guard answer.status == 200 else { throw service.failure(request, answer) }
        guard let role = answer.text.split(whereSeparator: \.isNewline).first.map({ String($0).trimmed }),
            role.isOneWord
        else { throw CredentialError("the instance has no role") }
        return role
    }

    private func get(_ path: String, _ token: String) throws(CredentialError) -> HTTPRequest {
        HTTPRequest(
            .get,
            try address(path),
            headers: ["x-aws-ec2-metadata-token": token],
            patience: Self.patienceWithToken
        )
    }

    private func address(_ path: String) throws(CredentialError) -> WebAddress {
        let name = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
        let named = variables[name] ?? profile?["ec2_metadata_service_endpoint"]?.value
        let mode = variables["\(name)_MODE"] ?? profile?["ec2_metadata_service_endpoint_mode"]?.value
        let usual = mode?.lowercased() == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        guard let base = WebAddress(named ?? usual), base.query == nil,
            let address = WebAddress(
                scheme: base.scheme,
                host: base.host,
                port: base.port,
                path: (base.path.hasSuffix("/") ? String(base.path.dropLast()) : base.path) + path
            )
        else { throw CredentialError("the endpoint of the metadata service (\(name)) is no address") }
        return address
    }

    /// Credentials that end within a minute, with an end some minutes from now.
    ///
    /// While the service cannot get new ones it gives the old ones, which AWS goes on to accept.
    private func extended(_ credentials: Credentials) -> Credentials {
        guard let end = credentials.expiration, end - service.clock.now() <= 60 else { return credentials }
        var result = credentials
        result.expiration = service.clock.now() + 600 + Int64(300 * min(max(service.clock.jitter(), 0), 1))
        return result
    }
}
