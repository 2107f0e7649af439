/// Why a machine image cannot become a disk.
package enum MachineDiskError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The image has no `/boot/vmlinuz-*`.
    case noKernel
    /// The version of the kernel that has this path cannot name files that firmware reads.
    case kernelVersion(String)
    /// It does not say how its disk is made, as all do that this program has baked.
    case noSettings
    /// For its architecture no disk can be made, or none that boots in the way that is asked for.
    case architecture(String, boot: String)
    /// Debian packages that have what it is made with are not on this machine.
    case missing([String])
    /// What firmware is to start has more bytes than there is room for.
    case tooLarge(size: Int64, room: Int64)
    /// A program failed.
    case program(name: String, words: String)

    package var description: String {
        switch self {
        case .noKernel: "it has no kernel: there is no '/boot/vmlinuz-...'"
        case .kernelVersion(let path): "the version of '\(path)' cannot name files of its own in a FAT file system"
        case .noSettings: "it does not say what its disk is like"
        case .architecture(let name, let boot): "no machine of its architecture '\(name)' boots by '\(boot)'"
        case .missing(let packages): "this machine lacks \(packages.joined(separator: ", ")), which make parts of it"
        case .tooLarge(let size, let room):
            "its kernels and their initial file systems have \(size) bytes, and there is room for \(room)"
        case .program(let name, let words): "'\(name)' failed: \(words)"
        }
    }

    /// What would help.
    package var remedy: String? {
        switch self {
        case .noKernel: "add the package 'linux-image-cloud-amd64', or another kernel, to its 'packages'"
        case .noSettings: "bake it again"
        case .architecture("arm64", _): "set 'boot' under 'disk' to 'hybrid' or 'uefi'"
        case .kernelVersion:
            "name it by letters, digits and any of '._+-~', or set 'boot' under 'disk' to 'hybrid'"
        case .tooLarge:
            "keep one kernel, let its initial file system have fewer modules, or set 'boot' under 'disk' to 'hybrid'"
        case .architecture, .program: nil
        case .missing(let packages): "install \(packages.joined(separator: " "))"
        }
    }
}
