import ArgumentParser
import Diagnostics
import OCI
import Registry
import Reporting
import SystemIO

/// The command `ovenbird sign`.
struct SignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign images that are in registries.",
        usage: "ovenbird sign [<image or reference> ...] --key <key> [--release <release>] [<options>]",
        discussion: """
            Each manifest gets a signature beside it, where cosign and 'verify:' in a Bakefile look for it. Without names \
            it is all that the release has in registries. The key is ECDSA on P-256, in PEM, not encrypted. What the key \
            has signed already is unchanged, and signatures of others stay.

            Example:
              ovenbird push && ovenbird sign --key env:SIGNING_KEY
            """
    )

    @OptionGroup var arguments: ThingArguments

    @Option(help: ArgumentHelp("The private key: a file, or a variable as env:NAME.", valueName: "key"))
    var key: KeyArgument

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let palette = Console.messagePalette(output.colors.color)
        let key = try key.signingKey(environment: Console.environment) { warning in
            Console.say(DiagnosticText.lines(warning, palette: palette))
        }
        let things = try arguments.all(bakefile, store, output.colors)
        let signed = try await Waiting.saying("still signing") {
            try await registry.session { session in
                var signed: [Signed] = []
                for thing in things { signed.append(try await sign(thing, with: key, session)) }
                return signed
            }
        }
        try show(signed, key)
    }

    private struct Signed: Sendable {
        let thing: SignedThing
        let repository: String
        let outcome: SigningOutcome
    }

    private func sign(_ thing: SignedThing, with key: SigningKey, _ session: RegistrySession) async throws -> Signed {
        do {
            let client = try session.repository(thing.reference, forPushing: true)
            let outcome = try await client.sign(try await thing.digest(client), with: key)
            return Signed(thing: thing, repository: client.name, outcome: outcome)
        } catch let error as RegistryError {
            throw CommandFailure(.internalError, [error.diagnostic("cannot sign '\(thing.reference)'")])
        }
    }

    private func show(_ signed: [Signed], _ key: SigningKey) throws {
        switch output.format {
        case .json:
            let entries = signed.map { entry in
                JSONValue.object([
                    "image": entry.thing.image.map(JSONValue.string), "repository": .string(entry.repository),
                    "manifest": .string(entry.outcome.manifest.description),
                    "signatures": .string("\(entry.repository):\(entry.outcome.tag)"),
                    "unchanged": .bool(entry.outcome.isUnchanged),
                ])
            }
            try Console.write(
                .object(["key": .string(key.verificationKey.digest.description), "signed": .array(entries)])
            )
        case .text:
            var table = TextTable([("IMAGE", .left), ("REPOSITORY", .left), ("MANIFEST", .left), ("", .left)])
            for entry in signed {
                table.add([
                    entry.thing.image ?? "-", entry.repository, entry.outcome.manifest.short,
                    entry.outcome.isUnchanged ? "unchanged" : "signed",
                ])
            }
            try Console.write(table.lines(palette: output.palette) + ["key \(key.verificationKey.digest)"])
        }
    }
}
