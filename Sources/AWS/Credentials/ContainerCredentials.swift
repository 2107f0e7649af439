import HTTPTransport
import SystemIO

/// The credentials that ECS and EKS give to a container.
///
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
struct ContainerCredentials: Sendable {
    let variables: Variables
    let service: LocalService

    static let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    static let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    static let nothing = "neither \(relative) nor \(full) is set"

    /// The hosts that a token is sent to without TLS, apart from this machine's own: those of ECS and EKS.
    private static let trusted: Set<String> = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

    /// The credentials, or nil where the environment names no such service.
    func read() async throws -> Credentials? {
        guard let address = try address() else { return nil }
        var request = HTTPRequest(.get, address, headers: ["accept": "application/json"], patience: .seconds(2))
        if let token = try await token() {
            service.redactor.learn(token)
            request.headers["authorization"] = token
        }
        let answer = try await service.answer(to: request, attempts: 3)
        guard answer.status == 200 else { throw service.failure(request, answer) }
        return try CredentialDocument(
            giver: "GET \(address)",
            source: "the container's service at \(address.authority)",
            tokenKey: "Token"
        ).read(answer.body)
    }

    private func address() throws(CredentialError) -> WebAddress? {
        if let path = variables[Self.relative] {
            guard path.isAbsolutePath, let address = WebAddress("http://169.254.170.2\(path)") else {
                throw CredentialError("\(Self.relative) is no path that begins with '/'")
            }
            return address
        }
        guard let text = variables[Self.full] else { return nil }
        guard let address = WebAddress(text) else { throw CredentialError("\(Self.full) is no address") }
        guard address.scheme == .https || Self.trusted.contains(address.host) || isLoopback(address.host) else {
            throw CredentialError(
                "\(Self.full) names '\(address.host)', which credentials are not asked of without TLS",
                why: "in plain HTTP they are asked only of this machine and of 169.254.170.2, 169.254.170.23 and "
                    + "[fd00:ec2::23]",
                fix: "write an address that begins with 'https://'"
            )
        }
        return address
    }

    private func token() async throws -> String? {
        let name = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
        if let file = variables["\(name)_FILE"] {
            return try await SmallFile.header(file, of: "the container's service (\(name)_FILE)")
        }
        guard let token = variables[name] else { return nil }
        guard isHeaderValue(token) else {
            throw CredentialError("\(name) has a character that no token has")
        }
        return token
    }
}

/// The name of this machine, or an address of it in its usual form.
private func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "[::1]" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers.first == 127 && numbers.allSatisfy { $0 != nil }
}
