import AWS
import ArgumentParser
import HTTPTransport

/// Options of every command that speaks to AWS.
struct AWSOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The profile of the AWS configuration that has the credentials (default: as the environment says).",
            valueName: "profile"
        )
    )
    var profile: String?

    /// Gives `body` a session with the credentials of this user.
    func session<Value>(_ body: (AWSSession) async throws -> Value) async throws -> Value {
        try await Self.session(profile: profile, body)
    }

    static func session<Value>(profile: String?, _ body: (AWSSession) async throws -> Value) async throws -> Value {
        let environment = Console.environment
        return try await WebClient.with(trust: .standard(environment)) { client in
            try await body(AWSSession(environment: environment, profile: profile, carrier: client))
        }
    }
}
