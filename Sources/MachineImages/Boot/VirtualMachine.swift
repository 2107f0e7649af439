import Glibc
import Sandbox
import Subprocess
import SystemIO
package import SystemPackage

/// A machine in QEMU that finds what an EC2 instance finds: its disk, its firmware, and the instance-metadata service.
///
/// It reaches no network, and is reached through forwarded ports alone.
package struct VirtualMachine: Sendable {
    package enum Firmware: String, CaseIterable, Sendable {
        case bios
        case uefi
    }

    package enum DiskDevice: String, CaseIterable, Sendable {
        /// As on EC2's Nitro.
        case nvme
        case virtio
    }

    package enum Accelerator: String, CaseIterable, Sendable {
        /// The processor's own virtualisation where it works.
        case auto
        case kvm
        /// Every instruction is translated: works everywhere, and takes about ten times as long.
        case tcg
    }

    /// A port of this computer's loopback, and the machine's that it leads to.
    package struct Forward: Sendable, Hashable {
        package var host: UInt16
        package var guest: UInt16

        package init(host: UInt16, guest: UInt16) {
            self.host = host
            self.guest = guest
        }
    }

    /// An address of the machine's network at whose port 80 a program of this computer answers.
    package struct Service: Sendable, Hashable {
        /// In 169.254.169.0/24.
        package var address: String
        /// The program and its arguments: it answers one connection on its standard input and output.
        package var command: [String]

        package init(address: String, command: [String]) {
            self.address = address
            self.command = command
        }
    }

    package enum Console: Sendable, Hashable {
        /// The terminal's keys go to the machine, that for an interrupt among them.
        case terminal
        /// What it says goes to standard output.
        case output
        case log(FilePath)
    }

    package var instance: Instance
    package var firmware: Firmware
    package var disk: DiskDevice
    /// Mebibytes.
    package var memory: Int
    package var processors: Int
    package var forwards: [Forward]
    package var console: Console
    /// Takes what the machine writes to its second serial port; nil for a machine that has one only.
    package var report: FilePath?

    package init(
        _ instance: Instance,
        firmware: Firmware,
        disk: DiskDevice = .nvme,
        memory: Int = 1024,
        processors: Int = 2,
        forwards: [Forward] = [],
        console: Console = .output,
        report: FilePath? = nil
    ) {
        self.instance = instance
        self.firmware = firmware
        self.disk = disk
        self.memory = memory
        self.processors = processors
        self.forwards = forwards
        self.console = console
        self.report = report
    }

    static let program = DiskProgram(name: "qemu-system-x86_64", package: "qemu-system-x86")

    /// The Debian package that a machine with this firmware needs and this computer lacks.
    static func missingPackage(_ firmware: Firmware, search: String?) -> String? {
        if Self.program.place(search: search) == nil { return Self.program.package }
        let files = [Self.firmwareCode, Self.firmwareVariables]
        return firmware == .uefi && !files.allSatisfy(Files.exists) ? "ovmf" : nil
    }

    private static let firmwareCode: FilePath = "/usr/share/OVMF/OVMF_CODE_4M.fd"
    private static let firmwareVariables: FilePath = "/usr/share/OVMF/OVMF_VARS_4M.fd"

    /// Runs the machine until it switches itself off.
    ///
    /// It writes to `disk`, and its firmware to a file in `work`. The machine ends with this process, however that ends. Throws
    /// `VirtualMachineError`.
    package func run(
        _ disk: FilePath,
        services: [Service],
        accelerator: Accelerator,
        in work: FilePath,
        search: String?
    ) async throws {
        guard let program = Self.program.place(search: search) else {
            throw VirtualMachineError.missing(Self.program.package)
        }
        var arguments = try arguments(disk: disk, services: services, work: work)
        arguments += try await Self.acceleration(accelerator, program, in: work)
        let ended = try await Self.start(program, arguments, on: console == .terminal ? "/dev/tty" : nil)
        guard ended.status.isSuccess else { throw VirtualMachineError.failed(words(ended.words, "it was ended")) }
    }

    /// Runs QEMU, which ends when this process does: it does not look itself, so a shell beside it does.
    ///
    /// Without a terminal it is out of the process group, since it is this process that decides what an interrupt means.
    private static func start(
        _ program: FilePath,
        _ arguments: [String],
        on terminal: String? = nil
    ) async throws -> (status: TerminationStatus, words: String) {
        let watch = """
            exec 3<&0
            exec 0<"$1"
            shift
            { trap '' HUP INT TERM; read -r line <&3 || kill -KILL $$; } >/dev/null 2>&1 &
            exec "$@" 3<&-
            """
        let (lifeline, end) = try LifelineEnd.make()
        defer { lifeline.cut() }
        var options = PlatformOptions()
        options.createSession = terminal == nil
        // It gives the terminal back as it was.
        options.teardownSequence = [.send(signal: .terminate, allowedDurationToNextStep: .milliseconds(500))]
        let result: ExecutionResult<Void, FileDescriptorOutput, StringOutput<UTF8>>
        do {
            result = try await Subprocess.run(
                .path("/bin/sh"),
                arguments: Arguments(["-c", watch, "sh", terminal ?? "/dev/null", program.string] + arguments),
                environment: .inherit,
                platformOptions: options,
                input: .fileDescriptor(end, closeAfterSpawningProcess: true),
                output: .fileDescriptor(FileDescriptor(rawValue: STDOUT_FILENO), closeAfterSpawningProcess: false),
                error: .string(limit: 1 << 20)
            )
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw VirtualMachineError.failed("\(error)")
        }
        // A line for the shell: it has nothing to end any more.
        try lifeline.send([UInt8(ascii: "\n")])
        try Task.checkCancellation()
        return (result.terminationStatus, result.standardError)
    }

    private func arguments(disk: FilePath, services: [Service], work: FilePath) throws -> [String] {
        var arguments = [
            "-nodefaults", "-no-user-config", "-machine", "q35", "-m", "\(memory)", "-smp", "\(processors)", "-display",
            "none",
            "-device", "virtio-rng-pci",
            "-drive", "id=disk,file=\(Self.value(disk.string)),format=raw,if=none,cache=unsafe,discard=unmap",
            "-device", self.disk == .nvme ? "nvme,drive=disk,serial=vol0" : "virtio-blk-pci,drive=disk",
        ]
        for table in instance.firmwareTables { arguments += ["-smbios", table] }
        var network = "user,id=net,net=169.254.169.0/24,restrict=on"
        for service in services {
            // Words of a shell, since QEMU takes the command apart as one would.
            let command = service.command.map { "'" + $0.replacing("'", with: #"'\''"#) + "'" }.joined(separator: " ")
            network += ",guestfwd=tcp:\(service.address):80-cmd:\(Self.value(command))"
        }
        for forward in forwards { network += ",hostfwd=tcp:127.0.0.1:\(forward.host)-:\(forward.guest)" }
        arguments += ["-netdev", network, "-device", "virtio-net-pci,netdev=net,mac=\(Instance.hardwareAddress)"]
        switch console {
        case .terminal: arguments += ["-serial", "mon:stdio"]
        case .output: arguments += ["-serial", "stdio"]
        case .log(let path): arguments += ["-serial", "file:\(path)"]
        }
        if let report { arguments += ["-serial", "file:\(report)"] }
        if firmware == .uefi {
            let variables = work.appending("firmware-variables")
            try AtomicFile.write(try Files.read(Self.firmwareVariables, limit: 1 << 24), to: variables)
            arguments += [
                "-drive", "if=pflash,format=raw,readonly=on,file=\(Self.firmwareCode)",
                "-drive", "if=pflash,format=raw,file=\(Self.value(variables.string))",
            ]
        }
        return arguments
    }

    /// A value in a list of QEMU's, where commas separate.
    private static func value(_ text: String) -> String { text.replacing(",", with: ",,") }

    private static func acceleration(
        _ wanted: Accelerator,
        _ program: FilePath,
        in work: FilePath
    ) async throws -> [String] {
        let isFast =
            switch wanted {
            case .auto: await hasKVM(program, in: work)
            case .kvm: true
            case .tcg: false
            }
        return isFast ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg", "-cpu", "max"]
    }

    /// Whether a machine runs under KVM; that there is a device for it says little.
    ///
    /// It has one program, at the address where a processor begins, which ends it with a status that nothing else gives.
    private static func hasKVM(_ qemu: FilePath, in work: FilePath) async -> Bool {
        guard access("/dev/kvm", R_OK | W_OK) == 0 else { return false }
        // mov al, 0x10; out 0xf4, al; hlt
        let code: [UInt8] = [0xb0, 0x10, 0xe6, 0xf4, 0xf4]
        let start = 0xfff0
        let bytes = [UInt8](repeating: 0, count: start) + code + [UInt8](repeating: 0, count: 16 - code.count)
        let file = work.appending("probe")
        guard (try? AtomicFile.write(bytes, to: file)) != nil else { return false }
        let arguments = [
            "-nodefaults", "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-display", "none", "-bios", file.string,
            "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
        ]
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await Self.start(qemu, arguments))?.status == .exited(0x10 << 1 | 1) }
            group.addTask {
                // Where KVM does not work it may also hang.
                try? await Task.sleep(for: .seconds(5))
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
