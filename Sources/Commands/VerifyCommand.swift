import ArgumentParser
import Diagnostics
import OCI
import Registry
import SystemIO

/// The command `ovenbird verify`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that images in registries are signed.",
        usage: "ovenbird verify [<image or reference> ...] --key <key> ... [--release <release>] [<options>]",
        discussion: """
            Each has to have a signature by one of the keys, made by 'ovenbird sign' or 'cosign sign --key'. The result is \
            each repository with the digest that is signed, to be used in the place of a tag. Exit status 3 where one is \
            not signed.

            Example:
              ovenbird verify registry.example.com/storefront/web:1.4.0 --key keys/release.pub
            """
    )

    @OptionGroup var arguments: ThingArguments

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp("A public key: a file, or a variable as env:NAME; may be repeated.", valueName: "key")
    )
    var keys: [KeyArgument] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if keys.isEmpty { throw ValidationError("'--key' needs to name at least one public key") }
    }

    func run() async throws {
        let trusted = try trustedKeys()
        let things = try arguments.all(bakefile, store, output.colors)
        let (verified, refused) = try await Waiting.saying("still verifying") {
            try await registry.session { session in
                var verified: [Verified] = []
                var refused: [Diagnostic] = []
                for thing in things {
                    do {
                        verified.append(try await verify(thing, by: trusted, session))
                    } catch let error as RegistryError {
                        let problem = error.diagnostic("cannot verify '\(thing.reference)'")
                        guard error.kind == .notSigned else { throw CommandFailure(.internalError, [problem]) }
                        refused.append(problem)
                    }
                }
                return (verified, refused)
            }
        }
        try show(verified)
        if !refused.isEmpty { throw CommandFailure(.checkFailed, refused) }
    }

    private func trustedKeys() throws -> TrustedKeys {
        var problems = DiagnosticList()
        var trusted: [VerificationKey] = []
        for key in keys {
            do throws(KeyError) {
                trusted.append(try key.verificationKey(environment: Console.environment))
            } catch {
                problems.add(error.diagnostic())
            }
        }
        try problems.throwIfErrors()
        return TrustedKeys(trusted)
    }

    private struct Verified: Sendable {
        let thing: SignedThing
        let repository: String
        let signature: VerifiedSignature
    }

    private func verify(_ thing: SignedThing, by keys: TrustedKeys, _ session: RegistrySession) async throws -> Verified
    {
        let client = try session.repository(thing.reference)
        let signature = try await client.verify(anyOf: [try await thing.digest(client)], by: keys)
        return Verified(thing: thing, repository: client.name, signature: signature)
    }

    private func show(_ verified: [Verified]) throws {
        switch output.format {
        case .text: try Console.write(verified.map { "\($0.repository)@\($0.signature.manifest)" })
        case .json:
            let entries = verified.map { entry in
                JSONValue.object([
                    "image": entry.thing.image.map(JSONValue.string),
                    "pinned": .string("\(entry.repository)@\(entry.signature.manifest)"),
                    "key": .string(entry.signature.key.digest.description),
                    "name": .string(entry.signature.key.name),
                ])
            }
            try Console.write(.object(["verified": .array(entries)]))
        }
    }
}
