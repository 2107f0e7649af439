import ArgumentParser
import OCI
import Registry
import Reporting
import SystemIO
import SystemPackage

/// The command `ovenbird referrers`.
struct ReferrersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "referrers",
        abstract: "List what registries have about images: bills of materials, provenances and the like.",
        usage: "ovenbird referrers [<image or reference> ...] [--type <type>] [--to <folder>] [<options>]",
        discussion: """
            Each line is an artifact that names the image's manifest as its subject, whoever put it there. Of an index \
            those of its manifests are listed, too. Without names it is all that the release has in registries. With \
            '--to' their documents are fetched, each verified by its digest and written as DIGEST.json.

            Example:
              ovenbird referrers registry.example.com/storefront/web:1.4.0 --type sbom --to bills
            """
    )

    @OptionGroup var arguments: ThingArguments

    @Option(
        help: ArgumentHelp("Only those of this type: sbom, provenance, or a media type.", valueName: "type"),
        transform: ReferrersCommand.type
    )
    var type: MediaType?

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("Write the documents into this folder.", valueName: "folder"),
        completion: .directory
    )
    var target: String?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    private static func type(_ text: String) throws -> MediaType {
        switch text {
        case "sbom": return .spdx
        case "provenance": return .inToto
        default:
            guard let type = MediaType(text) else {
                throw ValidationError("'\(text)' is neither 'sbom', 'provenance' nor a media type")
            }
            return type
        }
    }

    private struct Referrer: Sendable {
        let thing: SignedThing
        let repository: String
        let subject: Digest
        let entry: ContentDescriptor
        var files: [FilePath] = []
    }

    func run() async throws {
        let things = try arguments.all(bakefile, store, output.colors)
        let found = try await Waiting.saying("still asking for referrers") {
            try await registry.session { session in
                var found: [Referrer] = []
                for thing in things { found += try await referrers(of: thing, session) }
                return found
            }
        }
        try show(found)
    }

    private func referrers(of thing: SignedThing, _ session: RegistrySession) async throws -> [Referrer] {
        do {
            let client = try session.repository(thing.reference)
            var found: [Referrer] = []
            for subject in try await client.subjects(thing.name) {
                for entry in try await client.referrers(of: subject) where type == nil || entry.artifactType == type {
                    var referrer = Referrer(thing: thing, repository: client.name, subject: subject, entry: entry)
                    if let target {
                        referrer.files = try await fetch(entry.digest, of: subject, client, into: FilePath(target))
                    }
                    found.append(referrer)
                }
            }
            return found
        } catch let error as RegistryError {
            throw CommandFailure(.internalError, [error.diagnostic("cannot list what refers to '\(thing.reference)'")])
        }
    }

    /// Bytes of a document that is fetched: bills of materials of large images have some ten million.
    private static let largestDocument: Int64 = 256 << 20

    private func fetch(
        _ referrer: Digest,
        of subject: Digest,
        _ client: RepositoryClient,
        into folder: FilePath
    ) async throws -> [FilePath] {
        var files: [FilePath] = []
        for document in try await client.artifact(referrer, of: subject).layers {
            guard document.size <= Self.largestDocument else {
                throw RegistryError(
                    .wrongContent,
                    "'\(client.name)': '\(document.digest)' has \(document.size) bytes, more than the limit of "
                        + "\(Self.largestDocument)"
                )
            }
            let isJSON = document.mediaType.description.hasSuffix("json")
            let path = folder.appending(document.digest.hex + (isJSON ? ".json" : ""))
            try await AtomicOutput.file(path) { file in
                try await client.download(document) { try file.write($0) }
            }
            files.append(path)
        }
        return files
    }

    private func show(_ found: [Referrer]) throws {
        switch output.format {
        case .json:
            let entries = found.map { referrer in
                JSONValue.object([
                    "image": referrer.thing.image.map(JSONValue.string), "repository": .string(referrer.repository),
                    "subject": .string(referrer.subject.description),
                    "manifest": .string(referrer.entry.digest.description),
                    "type": referrer.entry.artifactType.map { .string($0.description) },
                    "annotations": .strings(referrer.entry.annotations),
                    "files": target == nil ? nil : .strings(referrer.files.map(\.string)),
                ])
            }
            try Console.write(.object(["referrers": .array(entries)]))
        case .text:
            var table = TextTable(["REPOSITORY", "SUBJECT", "TYPE", "MANIFEST"] + (target == nil ? [] : ["FILES"]))
            for referrer in found {
                let cells = [
                    referrer.repository, referrer.subject.short, referrer.entry.artifactType?.description ?? "-",
                    referrer.entry.digest.description,
                ]
                table.add(cells + (target == nil ? [] : [referrer.files.map(\.string).joined(separator: " ")]))
            }
            try Console.write(table.lines(palette: output.palette))
        }
    }
}
