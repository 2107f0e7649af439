/// Why a machine does not run on this computer.
package enum VirtualMachineError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The Debian package that has what it needs is not there.
    case missing(String)
    /// QEMU ended with something else than the machine's own end: its words.
    case failed(String)
    /// The disk has nothing that this firmware starts.
    case firmware(String)
    /// Nothing here boots a machine of this architecture.
    case architecture(String)
    /// It has written so much to its serial ports, and would fill the disk.
    case flood(mebibytes: Int64)
    /// The volume is to have so many GiB, and its disk has more bytes.
    case volume(gibibytes: Int, disk: Int64)

    package var description: String {
        switch self {
        case .missing(let package): "this computer lacks \(package), which machines run in"
        case .failed(let words): "'\(VirtualMachine.program.name)' failed: \(words)"
        case .firmware(let name): "its disk has nothing that '\(name)' starts"
        case .flood(let size): "it has written \(size) MiB to its serial ports, and would have gone on"
        case .volume(let size, let disk):
            "its disk has \((disk + (1 << 30) - 1) >> 30) GiB, and the volume is to have \(size)"
        case .architecture(let name): "it is for \(name), and machines for amd64 are booted only"
        }
    }

    package var remedy: String? {
        switch self {
        case .missing(let package): "install \(package)"
        case .firmware: "set 'boot' under 'disk', or take another '--firmware'"
        case .volume: "give '--volume' as many GiB or more"
        case .failed, .architecture, .flood: nil
        }
    }
}
