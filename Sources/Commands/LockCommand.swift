import ArgumentParser
import Bakefiles
import Diagnostics
import Glibc
import OCI
import Planning
import Reporting
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird lock`.
struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Write down what everything that moves means now.",
        usage: "ovenbird lock [--update [<image> ...]] [--check] [<options>]",
        discussion: """
            The lock lies beside the Bakefile, as 'Bakefile.lock', and belongs into version control. Bakes take exactly \
            what it says, without a network where the store has it. Entries that are there stay; '--update' resolves \
            them anew, all or those of the images named; then what other images lack is a mistake. With '--check' nothing is written or looked up in a network, \
            and the exit status is 3 where the lock is not what it should be.

            Example:
              ovenbird lock --update web
            """
    )

    @Argument(help: "With '--update': the images whose entries are resolved anew; all where none is named.")
    var images: [String] = []

    @Flag(help: "Resolve anew what the lock has already.")
    var update = false

    @Flag(help: "Write nothing; exit with 3 where an entry is missing, stale or not needed.")
    var check = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Steps at a time (default: one a processor).", valueName: "count")
    )
    var jobs: Int?

    @Option(help: ArgumentHelp("How to show what happens.", valueName: "mode"))
    var progress: ProgressMode = .auto

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("The value '\(jobs)' is invalid for '--jobs <count>'") }
        if check, update { throw ValidationError("'--check' and '--update' exclude each other") }
        if !images.isEmpty, !update { throw ValidationError("Images are named with '--update' only") }
    }

    func run() async throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let lock = try Lock.read(besides: bakefile.path, in: try Files.currentFolder())
        if check { return try check(lock, of: bakefile) }
        let store = try store.open(.readWrite)
        let recipe = LockRecipe(
            bakefile: bakefile,
            store: store,
            lock: lock,
            update: update ? (images.isEmpty ? .everything : .images(images)) : .nothing,
            jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            worker: try ProcessSetup.executable(),
            environment: Console.environment,
            insecure: registry.announcedInsecure()
        )
        let mode = progress.resolved(isTerminal: Console.messagesGoToTerminal, environment: Console.environment)
        let printer = ProgressPrinter(
            mode: mode,
            palette: Console.messagePalette(output.colors.color),
            size: { Console.messageSize },
            write: { Console.draw($0) }
        )
        guard let new = try await printer.following({ try await recipe.run { printer.handle($0) } }) else {
            throw CommandFailure(.bakeFailed, message: nil)
        }
        let path = try Files.currentFolder().pushing(FilePath(Lock.path(of: bakefile.path)))
        // Only a file that says something else is written: its time is not of interest to anybody.
        if lock?.text != new.text { try AtomicFile.write(Array(new.text.utf8), to: path) }
        try show(new, bakefile, isWritten: lock?.text != new.text)
    }

    private func check(_ lock: Lock?, of bakefile: Bakefile) throws {
        let problems = try LockCheck(bakefile: bakefile, environment: Console.environment).problems(of: lock)
        if !problems.isEmpty { throw CommandFailure(.checkFailed, problems) }
        try show(lock ?? Lock(entries: []), bakefile, isWritten: false)
    }

    private func show(_ lock: Lock, _ bakefile: Bakefile, isWritten: Bool) throws {
        let path = Lock.path(of: bakefile.path)
        switch output.format {
        case .json:
            try Console.write(
                .object([
                    "lock": .string(path), "digest": .string(lock.digest.description),
                    "entries": .integer(Int64(lock.entries.count)), "written": .bool(isWritten),
                ])
            )
        case .text:
            let packages = lock.entries.reduce(0) { $0 + ($1.packages?.packages.count ?? 0) }
            let entries = lock.entries.count == 1 ? "1 entry" : "\(lock.entries.count) entries"
            try Console.write([
                "'\(path)' is \(isWritten ? "written" : "up to date"): "
                    + "\(entries), \(Counts.text(packages, "package"))"
            ])
        }
    }
}
