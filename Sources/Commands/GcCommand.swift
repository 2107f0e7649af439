import ArgumentParser
import Bakefiles
import Glibc
import OCI
import Reporting
import Sandbox
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird gc`.
struct GcCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove from the store what nothing refers to.",
        usage: "ovenbird gc [--dry-run] [--keep <what> ...] [<options>]",
        discussion: """
            Releases, versions, what they name, and what the last bake of each project left stay; so does what the next \
            bake would reuse of it. Old results, unpacked layers, logs and leftovers go. With '--keep releases=COUNT' or \
            '--keep days=COUNT' the content of older releases goes too; their documents and their versions never do.

            It waits for bakes that run, and bakes wait for it.

            Example:
              ovenbird gc --keep releases=10 --keep days=30 --dry-run
            """
    )

    @Flag(help: "Say what would go, and write nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "releases=COUNT and days=COUNT: whose content to keep, all where neither is given; roots: unpacked layers.",
            valueName: "what"
        )
    )
    var keep: [KeepArgument] = []

    @Option(help: ArgumentHelp("How long to wait for bakes.", valueName: "seconds"))
    var wait = 600

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let rule = KeepArgument.rule(keep)
        let path = try store.path()
        if dryRun || !Files.exists(path) {
            let store = try ArtifactStore.open(at: path, mode: .readOnly)
            return try show(try await garbage(in: store, rule))
        }
        let store = try store.open(.readWrite)
        let lock = try await lockAgainstBakes(store)
        defer { lock.release() }
        let garbage = try await garbage(in: store, rule)
        let leftovers = try await BlockingPool.shared.run { try store.collect(garbage) }
        if !leftovers.isEmpty { try await StepSandbox.remove(leftovers, worker: try ProcessSetup.executable()) }
        try show(garbage)
    }

    private func garbage(in store: ArtifactStore, _ rule: KeepRule) async throws -> Garbage {
        try await BlockingPool.shared.run {
            try store.garbage(beside: rule, now: Int64(time(nil))) { bytes in
                (try? Lock(reading: bytes, name: "resolution"))?.entries.first?.request
            }
        }
    }

    private func lockAgainstBakes(_ store: ArtifactStore) async throws -> FileLock {
        if let lock = try store.tryLockAgainstBakes() { return lock }
        Console.say("waiting for the bakes that use '\(store.path)'")
        let end = ContinuousClock.now.advanced(by: .seconds(wait))
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
            if let lock = try store.tryLockAgainstBakes() { return lock }
        }
        throw CommandFailure(
            .gaveUpWaiting,
            message: "bakes have used the store '\(store.path)' for \(wait) seconds, and nothing was removed\n"
                + "  fix: try again later, or wait longer with '--wait'"
        )
    }

    private func show(_ garbage: Garbage) throws {
        switch output.format {
        case .json:
            try Console.write(
                .object([
                    "dry-run": .bool(dryRun), "size": .integer(garbage.size),
                    "records": .integer(Int64(garbage.recordCount)),
                    "items": .array(
                        garbage.items.map { item in
                            .object([
                                "kind": .string(item.kind.rawValue), "name": .string(item.name),
                                "size": .integer(item.size),
                            ])
                        }
                    ),
                ])
            )
        case .text: try Console.write(lines(garbage))
        }
    }

    private func lines(_ garbage: Garbage) -> [String] {
        let verb = dryRun ? "would remove" : "removed"
        var table = TextTable([("KIND", .left), ("COUNT", .right), ("SIZE", .right)])
        for kind in Garbage.Kind.allCases {
            let items = garbage.items.filter { $0.kind == kind }
            let count = kind == .record ? garbage.recordCount : items.count
            if count > 0 { table.add([kind.rawValue, "\(count)", Sizes.text(items.reduce(0) { $0 + $1.size })]) }
        }
        var lines: [String] = []
        if dryRun {
            lines += garbage.items.map { "\($0.kind.rawValue) \($0.name.neutralised) \(Sizes.text($0.size))" }
        }
        if !garbage.items.isEmpty || garbage.recordCount > 0 { lines += table.lines(palette: output.palette) }
        return lines + ["\(verb) \(Sizes.text(garbage.size))"]
    }
}
