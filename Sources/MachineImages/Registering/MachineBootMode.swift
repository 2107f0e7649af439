package import AWS

/// How a registered machine starts.
package struct MachineBootMode: Sendable, Hashable {
    /// As EC2 names it: `x86_64`.
    package var architecture: String
    package var mode: EC2.Registration.BootMode

    /// EC2's name of an architecture of OCI.
    package static func architecture(of name: String) -> String { name == "arm64" ? "arm64" : "x86_64" }
}

extension MachineDisk {
    package var bootMode: MachineBootMode {
        MachineBootMode(
            architecture: MachineBootMode.architecture(of: architecture),
            mode: hasBIOS ? (hasUEFI ? .uefiPreferred : .bios) : .uefi
        )
    }
}
