import ArgumentParser
import Bakefiles
import Diagnostics
import MachineImages
import OCI
import Rehearsals
import Reporting
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird rehearse STACK`.
struct RehearseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Boot a stack's machine with its own userdata, until it signals success.",
        usage: "ovenbird rehearse <stack> [--environment <name>] [--release <release>] [<options>]",
        discussion: """
            The machine image that the stack's template starts is booted as 'ovenbird boot' does it. It finds the template's \
            userdata, the functions in it resolved with the parameters that the release gives. It reaches no network, so \
            containers come from the machine itself ('preload'); 'cfn-signal' and the addresses of wait conditions are stood \
            in for. Ends with status 0 where the machine runs the container images that the stack's parameters name, healthy \
            where they have a health check, signals success to what waits for it, and answers with the page under the stack's \
            'health'; and else with 3.

            Example:
              ovenbird rehearse storefront --environment dev
            """
    )

    @Argument(help: "The stack.")
    var stack: String

    @Option(
        name: [.customShort("e"), .customLong("environment")],
        help: ArgumentHelp("The environment (default: the first).", valueName: "name")
    )
    var environment: String?

    @Option(
        help: ArgumentHelp(
            "The release, by file or digest (default: the newest of the project).",
            valueName: "release"
        ),
        completion: .file()
    )
    var release: String?

    @Option(help: ArgumentHelp("The resource that starts the machine, by its logical id.", valueName: "name"))
    var resource: String?

    @Option(help: ArgumentHelp("Give up after so many seconds.", valueName: "seconds"))
    var timeout = 1800

    @Option(help: ArgumentHelp("Mebibytes of memory.", valueName: "number"))
    var memory = 1536

    @Option(help: ArgumentHelp("bios or uefi (default: bios where the disk has both).", valueName: "firmware"))
    var firmware: VirtualMachine.Firmware?

    @Option(help: ArgumentHelp("kvm, tcg, or auto for KVM where it works.", valueName: "accelerator"))
    var accelerator: VirtualMachine.Accelerator = .auto

    @Option(
        help: ArgumentHelp("Keep what the machine says on its console there.", valueName: "file"),
        completion: .file()
    )
    var log: String?

    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (128...1 << 20).contains(memory) else { throw ValidationError("'--memory' takes 128 and more") }
        guard timeout > 0 else { throw ValidationError("'--timeout' takes 1 and more") }
    }

    func run() async throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let store = try store.open(.readWrite)
        let announcement = try await store.announceWork()
        defer { announcement.release() }
        let chosen = environment.map { [$0] } ?? []
        guard let work = try ParameterWork.selected([stack], chosen, in: bakefile).first else { return }
        let release = try ReleaseArgument.of(bakefile, named: release) { store }
        let recipe = RehearsalRecipe(work: work, release: release, resource: resource, store: store)
        let (image, rehearsal, remarks) = try recipe.prepared(limit: Double(timeout))
        let palette = Console.messagePalette(output.colors.color)
        Console.say(remarks.flatMap { DiagnosticText.lines($0, palette: palette) })
        var boot = MachineBoot()
        boot.firmware = firmware
        boot.memory = memory
        boot.accelerator = accelerator
        boot.region = work.environment.region
        boot.search = Console.environment["PATH"]
        if let log { boot.console = .log(FilePath(log)) }
        let program = try ProcessSetup.executable()
        let result = try await Waiting.saying("still rehearsing '\(stack)'") { [boot] in
            try await MachineDisk.of(image, in: store) { disk in
                do {
                    return try await rehearsal.run(
                        disk,
                        boot,
                        identity: image.identity,
                        program: program,
                        in: store
                    ) { Console.say("\(Timestamp.text(seconds: Moment.now.wall)) \($0.text.neutralised)") }
                } catch let error as VirtualMachineError {
                    throw CommandFailure(booting: image, error)
                }
            }
        }
        try show(result)
        guard result.failures.isEmpty else {
            Console.say(["the end of the console:"] + result.console.map { "  \($0.neutralised)" })
            throw CommandFailure(
                .checkFailed,
                result.failures.map { Diagnostic(at: work.stack.place, $0, .rehearsalFailed) }
            )
        }
    }

    private func show(_ result: Rehearsal.Result) throws {
        switch output.format {
        case .json:
            let events = result.events.map { event in
                JSONValue.object([
                    "milliseconds": .integer(Int64(event.seconds * 1000)), "text": .string(event.text),
                ])
            }
            try Console.write(
                .object(["stack": .string(stack), "events": .array(events), "failures": .strings(result.failures)])
            )
        case .text:
            var table = TextTable([("AFTER", .right), ("", .left)])
            for event in result.events { table.add([Durations.text(event.seconds), event.text]) }
            try Console.write(table.lines(palette: output.palette))
        }
    }
}
