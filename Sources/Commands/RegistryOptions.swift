import AWS
import ArgumentParser
import HTTPTransport
import Registry

/// Options of every command that speaks to registries.
struct RegistryOptions: ParsableArguments {
    @Option(
        name: .customLong("insecure"),
        help: ArgumentHelp(
            "Speak to this registry in plain HTTP; may be repeated. No other is ever spoken to without TLS.",
            valueName: "host"
        )
    )
    var insecure: [String] = []

    /// The hosts of which TLS is not asked, each told on standard error.
    func announcedInsecure() -> [String] {
        for host in insecure { Console.say("warning: '\(host)' is spoken to in plain HTTP") }
        return insecure
    }

    func session<Value>(_ body: (RegistrySession) async throws -> Value) async throws -> Value {
        try await RegistryAccess(insecure: announcedInsecure(), environment: Console.environment).session(body)
    }
}

/// The registries as this user sees them.
struct RegistryAccess: Sendable {
    let insecure: [String]
    let environment: [String: String]

    /// Gives `body` a session with the credentials and authorities of this user.
    func session<Value>(_ body: (RegistrySession) async throws -> Value) async throws -> Value {
        let known = try DockerConfig(environment)
        return try await WebClient.with(trust: .standard(environment)) { client in
            let credentials = ECRCredentials(
                known: known,
                session: AWSSession(environment: environment, profile: nil, carrier: client)
            )
            return try await body(
                RegistrySession(carrier: client, credentials: credentials, insecure: InsecureHosts(insecure))
            )
        }
    }
}
