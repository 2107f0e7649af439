/// Why a machine image cannot become a disk.
package enum MachineDiskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The image has no `/boot/vmlinuz-*`.
    case noKernel
    /// It does not say how its disk is made, as all do that this program has baked.
    case noSettings
    /// For its architecture no disk can be made.
    case architecture(String)
    /// GRUB's modules for a kind of firmware are not on this machine.
    case noModules(folder: String, packages: String)
    case noProgram(name: String, packages: String)
    case program(name: String, words: String)

    package var description: String {
        switch self {
        case .noKernel: "it has no kernel: there is no '/boot/vmlinuz-...'"
        case .noSettings: "it does not say what its disk is like"
        case .architecture(let name): "its architecture '\(name)' has no boot loader here"
        case .noModules(let folder, _): "the boot loader's modules are missing: there is no '\(folder)'"
        case .noProgram(let name, _): "the program '\(name)' cannot be started"
        case .program(let name, let words): "'\(name)' failed: \(words)"
        }
    }

    /// What would help.
    package var remedy: String? {
        switch self {
        case .noKernel: "add the package 'linux-image-cloud-amd64', or another kernel, to its 'packages'"
        case .noSettings: "bake it again"
        case .architecture: nil
        case .noModules(_, let packages), .noProgram(_, let packages): "install \(packages)"
        case .program: nil
        }
    }
}
