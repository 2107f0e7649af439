import Baking
import SystemPackage

/// What firmware starts, and where that finds the kernel.
enum FirmwareStart {
    /// GRUB, which reads the root file system.
    case grub
    /// systemd-boot, beside which the kernels lie.
    case loader(LoaderEntries)
    /// The newest kernel itself.
    case kernel(UnifiedKernel)

    /// Leaves in a folder what the image has for it.
    init(
        _ boot: DiskSettings.Boot,
        _ files: BootFiles,
        of root: ImageRoot,
        arguments: [String],
        in work: FilePath
    ) throws {
        let commandLine = arguments.joined(separator: " ")
        switch boot {
        case .hybrid, .bios: self = .grub
        case .uefi: self = .loader(try LoaderEntries(files, of: root, commandLine: commandLine, in: work))
        case .uki: self = .kernel(try UnifiedKernel(files, of: root, commandLine: commandLine, in: work))
        }
    }

    /// What UEFI firmware finds then.
    func partition(_ grub: BootLoader, in work: FilePath) async throws -> FirmwarePartition {
        var files: [FirmwarePartition.File] = []
        let program: FilePath
        switch self {
        case .grub: program = try await grub.uefi(in: work)
        case .loader(let entries): (program, files) = (LoaderEntries.program(grub.architecture), entries.files)
        case .kernel(let kernel): program = try await kernel.program(in: work, time: grub.time, search: grub.search)
        }
        return FirmwarePartition(starting: program, on: grub.architecture, with: files)
    }
}
