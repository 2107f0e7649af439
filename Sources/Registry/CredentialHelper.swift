import HTTPTransport
import OCI
import Subprocess
import SystemPackage

/// A program `docker-credential-NAME` that keeps or makes credentials, as that of ECR does.
///
/// Source: docker/docker-credential-helpers, README.md, "Development".
struct CredentialHelper: Sendable {
    let name: String
    let environment: [String: String]
    let patience: Duration

    /// What helpers print where they know nothing: by the helpers' common library, an answer and no failure.
    private static let notFound = "credentials not found in native keychain"

    func credential(for server: String) async throws -> Credential? {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 > 0x20 && $0 < 0x7F }) else {
            throw RegistryError(.credentials, "'\(name)' is not the name of a credential helper")
        }
        let program = "docker-credential-\(name)"
        let result = try await withDeadline(
            patience,
            RegistryError(.credentials, "'\(program)' gave no credentials for '\(server)' in time")
        ) {
            try await answer(of: program, to: server)
        }
        let text = result.output.trimmed
        guard result.succeeded else {
            if text == Self.notFound { return nil }
            throw RegistryError(
                .credentials,
                "'\(program)' gave no credentials for '\(server)'",
                why: cutLine(text.isEmpty ? result.error.trimmed : text)
            )
        }
        guard let document = try? JSONValue.parse(Array(text.utf8)), let user = document["Username"]?.stringValue,
            let secret = document["Secret"]?.stringValue
        else { throw RegistryError(.credentials, "'\(program)' gave something else than credentials for '\(server)'") }
        // The name by which helpers say that the secret is a refresh token.
        return user == "<token>" ? .identityToken(secret) : .basic(user: user, password: secret)
    }

    private struct Answer: Sendable {
        var succeeded: Bool
        var output: String
        var error: String
    }

    private func answer(of program: String, to server: String) async throws -> Answer {
        do {
            let result = try await run(
                .name(program),
                arguments: ["get"],
                environment: .custom(
                    Dictionary(
                        environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) },
                        uniquingKeysWith: { first, _ in first }
                    )
                ),
                input: .string(server + "\n"),
                output: .string(limit: 1 << 20),
                error: .string(limit: 64 << 10)
            )
            return Answer(
                succeeded: result.terminationStatus.isSuccess,
                output: result.standardOutput,
                error: result.standardError
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw RegistryError(
                .credentials,
                "the program '\(program)' cannot be run for the credentials of '\(server)'",
                fix: "install it, or take it out of Docker's 'config.json'"
            )
        }
    }
}
