package import AWS

/// How a registered machine starts.
package struct MachineBootMode: Sendable, Hashable {
    /// As EC2 names it: `x86_64`.
    package var architecture: String
    package var mode: EC2.Registration.BootMode
}

extension MachineDisk {
    package var bootMode: MachineBootMode {
        MachineBootMode(
            architecture: architecture == "arm64" ? "arm64" : "x86_64",
            mode: hasBIOS ? (hasUEFI ? .uefiPreferred : .bios) : .uefi
        )
    }
}
