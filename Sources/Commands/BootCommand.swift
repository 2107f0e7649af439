import ArgumentParser
import Bakefiles
import Baking
import Diagnostics
import Glibc
import MachineImages
import OCI
import Planning
import Reporting
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird boot IMAGE`.
struct BootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "boot",
        abstract: "Boot a machine image in QEMU, as EC2 would.",
        usage: "ovenbird boot <image> [--userdata <file>] [--forward <port:port>] [<options>]",
        discussion: """
            The disk is made for the boot and gone afterwards; the image stays as it is. The machine finds the instance-metadata \
            service (version 2) with the userdata, reaches no network, and is reached through forwarded ports of \
            127.0.0.1. Ends when the machine switches itself off. In a terminal the keys go to the machine: Ctrl-A X \
            ends it. With '--ssh' they go to a session, with which the machine ends. With '--tests' it ends with those of the \
            image's tests in the Bakefile that need a running machine, and the status is 3 where one failed.

            Example:
              ovenbird boot base --userdata userdata.sh --forward 8080:80
            """
    )

    @Argument(help: ImageArgument.help)
    var image: String

    @Option(
        help: ArgumentHelp(
            "A file that becomes the userdata (default: the image's 'userdata' in the Bakefile).",
            valueName: "file"
        ),
        completion: .file()
    )
    var userdata: String?

    @Option(
        name: .customLong("ssh-key"),
        help: ArgumentHelp("A file with the public key that may log in.", valueName: "file"),
        completion: .file()
    )
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Log in by SSH as this user, with a key made for it; the machine ends with the session.",
            valueName: "user"
        )
    )
    var ssh: String?

    @Flag(help: "Run the tests of the image's 'tests' in the Bakefile for which it runs, and end.")
    var tests = false

    @Option(
        name: .customLong("forward"),
        help: ArgumentHelp("A port of 127.0.0.1 and the machine's; may be repeated.", valueName: "port:port"),
        transform: BootCommand.forward
    )
    var forwards: [VirtualMachine.Forward] = []

    @Option(help: ArgumentHelp("bios or uefi (default: bios where the disk has both).", valueName: "firmware"))
    var firmware: VirtualMachine.Firmware?

    @Option(help: ArgumentHelp("How the machine sees its disk: nvme or virtio.", valueName: "device"))
    var disk: VirtualMachine.DiskDevice = .nvme

    @Option(help: ArgumentHelp("kvm, tcg, or auto for KVM where it works.", valueName: "accelerator"))
    var accelerator: VirtualMachine.Accelerator = .auto

    @Option(help: ArgumentHelp("Mebibytes of memory.", valueName: "number"))
    var memory = 1024

    @Option(
        help: ArgumentHelp(
            "Gibibytes of the volume, which may have more than the image, as on EC2 (default: the disk's).",
            valueName: "number"
        )
    )
    var volume: Int?

    @Option(help: ArgumentHelp("The region that the machine is told.", valueName: "region"))
    var region = "us-east-1"

    @Option(
        help: ArgumentHelp("Write the console there instead of to the terminal.", valueName: "file"),
        completion: .file()
    )
    var log: String?

    @Option(help: ArgumentHelp("Give up after so many seconds, with status 8.", valueName: "seconds"))
    var timeout: Int?

    @OptionGroup var bakefile: BakefilePlace
    @OptionGroup var store: StoreOptions
    @OptionGroup var colors: ColorOptions

    private static func forward(_ text: String) throws -> VirtualMachine.Forward {
        let ports = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0) ?? 0 }
        guard ports.count == 2, ports.allSatisfy({ $0 > 0 }) else {
            throw ValidationError("'--forward \(text)' is no pair of ports: '8080:80' is")
        }
        return VirtualMachine.Forward(host: ports[0], guest: ports[1])
    }

    func validate() throws {
        guard (128...1 << 20).contains(memory) else { throw ValidationError("'--memory' takes 128 and more") }
        guard volume.map({ (1...65_536).contains($0) }) ?? true else {
            throw ValidationError("'--volume' takes 1 to 65536, which is the largest volume of EBS")
        }
        guard timeout.map({ $0 > 0 }) ?? true else { throw ValidationError("'--timeout' takes 1 and more") }
        if ssh != nil, key != nil { throw ValidationError("'--ssh' makes a key of its own: leave out '--ssh-key'") }
        if tests, ssh != nil { throw ValidationError("'--tests' and '--ssh' each end the machine: leave one out") }
        // What SSH would take for an option is no user.
        if let ssh, ssh.isEmpty || ssh.hasPrefix("-") || ssh.contains(where: \.isWhitespace) {
            throw ValidationError("'\(ssh)' is no user that '--ssh' could log in as")
        }
    }

    func run() async throws {
        let stated = try userdata.map { try read($0, "userdata, of which EC2 takes", InstanceMetadata.longestUserData) }
        let publicKey = try key.map { try readKey($0) }
        let store = try store.open(.readWrite)
        let announcement = try await store.announceWork()
        defer { announcement.release() }
        let known = try ImageArgument(text: image).find(in: store, project: bakefile.projectAtHand)
        let described = try described(known)
        let userData = try stated ?? described.map { try $0.bakefile.userData(of: $0.image) } ?? nil
        let tests = try tests ? liveTests(of: known, described?.image) : []
        let console: VirtualMachine.Console =
            if let log { .log(FilePath(log)) } else if isatty(0) == 1, isatty(1) == 1 { .terminal } else { .output }
        // On a terminal the machine has the word.
        let isQuiet = console == .terminal && ssh == nil && !self.tests
        @Sendable func say(_ text: String) { if !isQuiet { Console.say(text) } }
        let command = self
        try await Waiting.saying("still booting '\(known.name)', or running it", say: say) { () async throws -> Void in
            try await MachineDisk.of(known, in: store) { disk in
                try await command.boot(disk, known, console, userData, publicKey, tests, store) {
                    announcement.release()
                }
            }
        }
    }

    private func boot(
        _ disk: MachineDisk,
        _ known: KnownImage,
        _ console: VirtualMachine.Console,
        _ userData: [UInt8]?,
        _ publicKey: String?,
        _ tests: [ImageTest],
        _ store: ArtifactStore,
        isMade: @escaping @Sendable () -> Void
    ) async throws {
        var boot = MachineBoot()
        boot.firmware = firmware
        boot.device = self.disk
        boot.accelerator = accelerator
        boot.memory = memory
        boot.volume = volume
        boot.region = region
        boot.forwards = forwards
        boot.console = console
        boot.userData = userData
        boot.publicKey = publicKey
        boot.search = Console.environment["PATH"]
        if let obstacle = boot.obstacle(for: disk) { throw CommandFailure(booting: known, obstacle) }
        let program = try ProcessSetup.executable()
        do {
            if !tests.isEmpty { return try await test(tests, boot, disk, known, program, store) }
            if let ssh { return try await login(ssh, boot, disk, known, program, store, isMade: isMade) }
            try await boot.run(disk, identity: known.identity, program: program) { machine in
                // It may run for days.
                isMade()
                Console.say("booting '\(known.title.neutralised)'")
                try await limited(machine)
            }
        } catch let error as VirtualMachineError {
            throw CommandFailure(booting: known, error)
        }
    }

    /// Boots the machine for a session in this terminal.
    private func login(
        _ user: String,
        _ boot: MachineBoot,
        _ disk: MachineDisk,
        _ known: KnownImage,
        _ program: FilePath,
        _ store: ArtifactStore,
        isMade: @escaping @Sendable () -> Void
    ) async throws {
        let folder = try store.makeWorkFolder("ssh")
        defer { folder.remove() }
        let shell = try await SecureShell(for: user, in: folder.path, search: boot.search)
        var boot = boot
        boot.publicKey = shell.publicKey
        try await limited { [boot] in
            let session: Void? = try await WatchedBoot(boot, ports: [22]).run(
                disk,
                identity: known.identity,
                program: program,
                in: store,
                watch: { machine in
                    isMade()
                    Console.say("booting '\(known.title.neutralised)'")
                    guard let port = machine.port(of: 22) else { return }
                    // Nothing tells that a machine's server has started, so it is asked, as long as '--timeout' allows.
                    while try await !shell.isLetIn(at: port) { try await Task.sleep(for: .milliseconds(500)) }
                    try await shell.session(at: port)
                },
                ended: { _ in }
            )
            if session == nil { Console.say("the machine switched itself off") }
        }
    }

    /// The image as the Bakefile at hand has it; nil where that is not about it.
    private func described(_ known: KnownImage) throws -> (bakefile: Bakefile, image: Image)? {
        let read: Bakefile?
        do {
            read = try BakefileOptions.read(place: bakefile).bakefile
        } catch  where !tests {
            // Its mistakes are in nobody's way who wants nothing of it.
            read = nil
        }
        guard let bakefile = read, bakefile.project == known.project, let image = bakefile.image(named: known.name)
        else { return nil }
        return (bakefile, image)
    }

    /// Runs `body` for as long as it may take.
    func limited(_ body: @escaping @Sendable () async throws -> Void) async throws {
        guard let timeout else { return try await body() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: .seconds(timeout))
                let text =
                    tests ? "the tests of the machine did not end" : "the machine did not switch itself off"
                throw CommandFailure(
                    .gaveUpWaiting,
                    [Diagnostic("\(text) within \(timeout) s", .bootTimeout)]
                )
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The key of a file as `ssh-keygen` writes it; a private one is not for the machine.
    private func readKey(_ path: String) throws -> String {
        let text = String(decoding: try read(path, "a public key, of", 16 << 10), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard isPublicSSHKey(line) else {
            throw InvalidInput(
                Diagnostic(
                    "'\(path)' holds no public key of SSH",
                    .inputUnreadable,
                    fix: "name the file that ends in '.pub'"
                )
            )
        }
        return line
    }

    private func read(_ path: String, _ what: String, _ limit: Int) throws -> [UInt8] {
        do {
            return try Files.read(FilePath(path), limit: limit)
        } catch {
            let message =
                error.code == .fileTooLarge ? "'\(path)' is too large for \(what) \(limit) bytes at most" : "\(error)"
            throw InvalidInput(Diagnostic(message, .inputUnreadable))
        }
    }
}

extension VirtualMachine.Firmware: ExpressibleByArgument {}
extension VirtualMachine.DiskDevice: ExpressibleByArgument {}
extension VirtualMachine.Accelerator: ExpressibleByArgument {}

extension CommandFailure {
    /// Why a machine cannot be booted on this computer.
    init(booting known: KnownImage, _ error: VirtualMachineError) {
        let (status, identifier): (ExitStatus, DiagnosticIdentifier) =
            switch error {
            case .architecture, .firmware, .volume: (.usage, .noDisk)
            case .missing, .failed: (.internalError, .toolMissing)
            case .flood: (.internalError, .machineFlood)
            }
        let text = "'\(known.name)' cannot be booted here"
        self.init(status, [Diagnostic(text, identifier, why: error.description, fix: error.remedy)])
    }
}
