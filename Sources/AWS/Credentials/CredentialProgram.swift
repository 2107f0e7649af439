import HTTPTransport
import OCI
import Subprocess
import SystemIO
import SystemPackage

/// A program that prints credentials as JSON: `credential_process`, or the AWS CLI for what only it can do.
///
/// Source: AWS SDKs and Tools Reference Guide, "Process credential provider". It is run without a shell, without input and
/// without a terminal. What it prints is secret and never shown; what it says on standard error is.
struct CredentialProgram: Sendable {
    /// The program and its arguments.
    let words: [String]
    /// As in `profile 'prod'`.
    let whose: String
    /// Goes into `Credentials.source`.
    let source: String
    /// What helps where it fails.
    let fix: String?
    let variables: Variables
    /// Longer than this it is not waited for.
    let patience: Duration
    let redactor: Redactor

    /// Throws `CredentialError`, and `ProgramMissing` where there is no such program.
    func credentials() async throws -> Credentials {
        guard let program = words.first, !program.isEmpty else {
            throw CredentialError("the 'credential_process' of \(whose) names no program")
        }
        let giver = "the program '\(program)' of \(whose)"
        let late = CredentialError(
            "\(giver) gave no credentials in \(patience.components.seconds) seconds",
            fix: fix,
            isTransient: true
        )
        let result = try await withDeadline(patience, late) { try await answer(of: program, giver) }
        guard result.succeeded else {
            let said = shortened(redactor.redact(result.error))
            // Whether it helps to ask again only the program knows: old credentials are used while they are good.
            throw CredentialError(
                "\(giver) failed",
                why: said.isEmpty ? "it said nothing on standard error" : said,
                fix: fix,
                isTransient: true
            )
        }
        return try read(result.output, giver)
    }

    private func read(_ output: [UInt8], _ giver: String) throws(CredentialError) -> Credentials {
        guard let document = try? JSONValue.parse(output), document.objectValue != nil else {
            throw CredentialError("\(giver) printed something else than a JSON object")
        }
        guard document["Version"] == 1 else {
            throw CredentialError("\(giver) printed no credentials of version 1: its 'Version' is missing or another")
        }
        return try CredentialDocument(giver: giver, source: source, tokenKey: "SessionToken").read(document)
    }

    private struct Answer: Sendable {
        var succeeded: Bool
        var output: [UInt8]
        var error: String
    }

    private func answer(of program: String, _ giver: String) async throws -> Answer {
        let isPath = program.utf8.contains(UInt8(ascii: "/"))
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1))]
        do {
            let result = try await run(
                isPath ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(Array(words.dropFirst())),
                environment: .custom(
                    Dictionary(
                        variables.all.map { (Environment.Key(stringLiteral: $0.key), $0.value) },
                        uniquingKeysWith: { first, _ in first }
                    )
                ),
                platformOptions: options,
                input: .none,
                output: .bytes(limit: 1 << 20),
                error: .bytes(limit: 1 << 20)
            )
            return Answer(
                succeeded: result.terminationStatus.isSuccess,
                output: result.standardOutput,
                error: String(decoding: result.standardError, as: UTF8.self)
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            throw CredentialError("\(giver) printed more than 1 MiB")
        } catch let error as SubprocessError {
            // A file that is there and may not be run is reported as one that was not found.
            let isMissing = error.code == .executableNotFound || error.underlyingError == .noSuchFileOrDirectory
            guard isMissing else {
                throw CredentialError("\(giver) cannot be run", why: error.underlyingError?.description)
            }
            guard isPath, Files.exists(FilePath(program)) else {
                throw ProgramMissing(description: "\(giver) is not there")
            }
            throw CredentialError("\(giver) cannot be run", why: "this user may not run it")
        }
    }
}

/// There is no program of a name.
struct ProgramMissing: Error, CustomStringConvertible {
    let description: String
}
