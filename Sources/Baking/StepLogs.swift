import Glibc
import SystemIO
import SystemPackage

/// The complete output of each step of a bake, in files.
struct StepLogs: Sendable {
    let folder: FilePath

    /// Opens the log of a step for writing, empty.
    func open(_ name: StepName) throws -> Descriptor {
        try Files.makeFolder(folder)
        return try Descriptor.open(path(name), flags: O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, mode: 0o644)
    }

    /// The log of a step that wrote one.
    func existing(_ name: StepName) -> FilePath? {
        Files.exists(path(name)) ? path(name) : nil
    }

    private func path(_ name: StepName) -> FilePath { folder.appending("\(name.image).\(name.address).log") }
}
