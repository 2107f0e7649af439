import OCI
package import SystemIO
package import SystemPackage

/// How a machine image is booted on this computer.
package struct MachineBoot: Sendable {
    /// nil takes the BIOS where the disk has something for it.
    package var firmware: VirtualMachine.Firmware?
    package var device = VirtualMachine.DiskDevice.nvme
    package var accelerator = VirtualMachine.Accelerator.auto
    /// Mebibytes.
    package var memory = 1536
    /// GiB of the volume that the disk is on, as an instance's may be larger than its image; nil is as large as the disk.
    package var volume: Int?
    package var region = "us-east-1"
    package var forwards: [VirtualMachine.Forward] = []
    /// What the machine reaches beside the metadata service.
    package var services: [VirtualMachine.Service] = []
    package var console = VirtualMachine.Console.output
    /// Takes what the machine writes to its second serial port.
    package var report: FilePath?
    package var userData: [UInt8]?
    package var publicKey: String?
    /// Where programs are searched for.
    package var search: String?

    package init() {}

    /// Why the disk's machine cannot be booted here; nil where it can.
    package func obstacle(for disk: MachineDisk) -> VirtualMachineError? {
        guard disk.architecture == "amd64" else { return .architecture(disk.architecture) }
        let firmware = firmware(of: disk)
        guard firmware == .bios ? disk.hasBIOS : disk.hasUEFI else { return .firmware(firmware.rawValue) }
        return VirtualMachine.missingPackage(firmware, search: search).map { .missing($0) }
    }

    private func firmware(of disk: MachineDisk) -> VirtualMachine.Firmware {
        firmware ?? (disk.hasBIOS ? .bios : .uefi)
    }

    /// Makes the disk, and runs the machine until it switches itself off or the task is cancelled.
    ///
    /// `program` is the executable that answers for the metadata service. `running` is given the machine to run when its disk is
    /// made, from when on nothing of the store is needed any more. Throws `VirtualMachineError`.
    package func run(
        _ disk: MachineDisk,
        identity: Digest,
        program: FilePath,
        running: (_ machine: @escaping @Sendable () async throws -> Void) async throws -> Void = { try await $0() }
    ) async throws {
        if let obstacle = obstacle(for: disk) { throw obstacle }
        let instance = Instance(of: identity, region: region, architecture: disk.architecture)
        let machine = VirtualMachine(
            instance,
            firmware: firmware(of: disk),
            disk: device,
            memory: memory,
            forwards: forwards,
            console: console,
            report: report
        )
        var random = SystemRandomNumberGenerator()
        let metadata = InstanceMetadata(
            of: instance,
            userData: userData,
            publicKey: publicKey,
            secret: "\(random.next())\(random.next())"
        )
        try await disk.withDisk { file, work in
            let document = work.appending("metadata.json")
            try AtomicFile.write(metadata.document.canonicalBytes, to: document, mode: 0o600)
            if let volume {
                let size = try file.status().size
                guard Int64(volume) << 30 >= size else {
                    throw VirtualMachineError.volume(gibibytes: volume, disk: size)
                }
                try file.setLength(Int64(volume) << 30)
            }
            let place = file.path
            let metadataService = VirtualMachine.Service(
                address: "169.254.169.254",
                command: [program.string, "answer-metadata", document.string]
            )
            try await running {
                try await machine.run(
                    place,
                    services: [metadataService] + services,
                    accelerator: accelerator,
                    in: work,
                    search: search
                )
            }
        }
    }
}
