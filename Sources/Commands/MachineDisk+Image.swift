import ContainerImages
import Diagnostics
import Disks
import MachineImages
import OCI
import Store
import SystemIO
import SystemPackage

extension MachineDisk {
    /// Hands over the disk of an image, and turns what is wrong with it into words for whoever named the image.
    static func of<Value: Sendable>(
        _ known: KnownImage,
        in store: ArtifactStore,
        work: FilePath? = nil,
        _ body: (MachineDisk) async throws -> Value
    ) async throws -> Value {
        let image = try await BlockingPool.shared.run {
            try known.layers(in: store, to: "make a disk of").image(named: known.name)
        }
        guard image.isMachine else {
            throw InvalidInput(
                Diagnostic(
                    "'\(known.name)' is a container image, which has no disk",
                    .noDisk,
                    fix: "name a machine image"
                )
            )
        }
        do {
            return try await body(
                try MachineDisk(
                    image,
                    project: known.project,
                    name: known.name,
                    in: store,
                    environment: Console.environment,
                    work: work
                )
            )
        } catch let error as MachineDiskError {
            let isTool =
                switch error {
                case .missing, .program: true
                case .noKernel, .kernelVersion, .noSettings, .architecture, .tooLarge: false
                }
            let text = "'\(known.name)' cannot become a disk"
            throw CommandFailure(
                isTool ? .internalError : .usage,
                [Diagnostic(text, isTool ? .toolMissing : .noDisk, why: error.description, fix: error.remedy)]
            )
        } catch let error as DiskError {
            var remedy: String?
            switch error {
            case .library: throw error
            case .tooSmall: remedy = "give it a larger 'size' under 'disk'"
            case .unsupported: break
            }
            throw InvalidInput(
                Diagnostic("'\(known.name)' cannot become a disk", .noDisk, why: error.description, fix: remedy)
            )
        }
    }
}
