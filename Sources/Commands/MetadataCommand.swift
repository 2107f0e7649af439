import ArgumentParser
import HTTPTransport
import MachineImages
import OCI
import Reporting
import SystemIO
import SystemPackage

/// The command that `ovenbird boot` has QEMU start for each connection to the instance-metadata service.
struct MetadataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer-metadata",
        abstract: "Answer a machine that asks for its metadata, on standard input and output.",
        shouldDisplay: false
    )

    @Argument(help: "What there is to say.")
    var document: String

    func run() async throws {
        let bytes = try Files.read(FilePath(document), limit: 1 << 24)
        guard let json = try? JSONValue.parse(bytes, limit: 1 << 24), let metadata = InstanceMetadata(json) else {
            throw ValidationError("'\(document)' holds no metadata")
        }
        try await PipeServer.serve(input: 0, output: 1) { metadata.answer($0, at: Moment.now.wall) }
    }
}
