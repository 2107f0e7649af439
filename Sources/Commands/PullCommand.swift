import ArgumentParser
import Bakefiles
import ContainerImages
import Diagnostics
import OCI
import Planning
import Registry
import Store
import SystemIO

/// The command `ovenbird pull REFERENCE`.
struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch an image of a registry into the store.",
        usage: "ovenbird pull <reference> [--architecture <architecture>] [<options>]",
        discussion: """
            The image is kept uncompressed, verified by its manifest and its config, under the name of the reference in \
            the store's index; layers that the store has are not fetched. The result is the repository with the digest of \
            what the reference stands for.

            Example:
              ovenbird pull registry.example.com/storefront/web:1.4.0
            """
    )

    @Argument(help: "The image, with the host of its registry.")
    var reference: String

    @Option(
        help: ArgumentHelp("The architecture of an image for several (default: this machine's).", valueName: "name")
    )
    var architecture: String?

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let wanted: Reference
        do {
            wanted = try Reference(parsing: reference)
        } catch {
            throw InvalidInput(Diagnostic("\(error)", .badReference))
        }
        let store = try store.open(.readWrite)
        let platform = architecture.map { Platform(architectureName: $0) } ?? Platform.host
        // What is fetched has no name until all of it is there.
        let announcement = try await store.announceWork()
        defer { announcement.release() }
        let (image, descriptor) = try await Waiting.saying("still pulling '\(wanted)'") {
            try await registry.session { session in
                do {
                    let image = try await ImagePull(session: session, platform: platform).resolve(wanted)
                    let imports = BaseImport(store: store, platform: platform, name: wanted.description, place: nil)
                    let base = try await imports.registry(image)
                    let name = wanted.description
                    let kept = try await BlockingPool.shared.run { try imports.keep(image, base, as: name) }
                    return (image, kept)
                } catch let error as RegistryError {
                    throw CommandFailure(.internalError, [error.diagnostic("cannot pull '\(wanted)'")])
                }
            }
        }
        let pinned = "\(image.repository)@\(image.entry)"
        switch output.format {
        case .text: try Console.write([pinned])
        case .json:
            try Console.write(
                .object([
                    "pinned": .string(pinned), "identity": .string(image.manifest.config.digest.description),
                    "manifest": .string(descriptor.digest.description), "platform": .string("\(image.config.platform)"),
                ])
            )
        }
    }
}
