import ArgumentParser
import Bakefiles
import Baking
import Diagnostics
import Glibc
import ImageTests
import Planning
import Registry
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird bake [IMAGE...]`.
struct BakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bake",
        abstract: "Run the plan, and end with a release.",
        usage: "ovenbird bake [<image> ...] [<options>]",
        discussion: """
            The output folder gets 'release.json', 'bake.properties', below 'attestations' what is in each image and how \
            it came to be, and, below 'params', an edited copy of each parameter file. Images are held against their \
            'tests:' first, whose results are in 'tests.xml' (JUnit); where one fails, there is no release, and the status \
            is 3.

            Example:
              ovenbird bake --set app_version=1.4.0 --out out
            """
    )

    @Argument(help: "The images to bake; all where none is named. Those that they need come with them.")
    var images: [String] = []

    @Option(help: ArgumentHelp("The folder for the release and what follows from it.", valueName: "folder"))
    var out = "out"

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Steps at a time (default: one a processor).", valueName: "count")
    )
    var jobs: Int?

    @Option(help: ArgumentHelp("A release, by file or digest, whose versions go on here.", valueName: "release"))
    var after: String?

    @Flag(help: "Let versions that count begin, where the store knows none and there is no '--after'.")
    var first = false

    @Flag(help: "Resolve anew what moves and is not pinned, such as a suite's packages.")
    var refresh = false

    @Flag(help: "Bake a second time from nothing, and end with status 3 where anything differs.")
    var verify = false

    @Option(
        help: ArgumentHelp("How to show what happens.", valueName: "mode")
    )
    var progress: ProgressMode = .auto

    @Option(
        name: .customLong("cache-key"),
        help: ArgumentHelp(
            "Sign what is put into the cache with this private key: a file, or a variable as env:NAME.",
            valueName: "key"
        )
    )
    var cacheKey: KeyArgument?

    @OptionGroup var cache: CacheOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("The value '\(jobs)' is invalid for '--jobs <count>'") }
        if after != nil, first { throw ValidationError("'--after' and '--first' exclude each other") }
    }

    func run() async throws {
        var bakefile = try bakefile.read(colors: output.colors)
        let lock = try Lock.read(of: &bakefile)
        let outFolder = OutputFolder(
            path: FilePath(out),
            bakefile: bakefile,
            palette: Console.messagePalette(output.colors.color)
        )
        try writing(to: outFolder) { try outFolder.prepare() }
        let store = try openStore()
        do {
            try await bake(bakefile, lock, in: store, outFolder)
        } catch {
            throw failure(error, in: store)
        }
    }

    /// A store that cannot be used ends a bake as any other cause does.
    private func openStore() throws -> ArtifactStore {
        let path = try store.path()
        do {
            return try ArtifactStore.open(at: path, mode: .readWrite)
        } catch let error as SystemError {
            throw CommandFailure(
                .bakeFailed,
                message: "\(error)\n  why: the store '\(path)' cannot be written\n"
                    + "  fix: make room or give this user the right to write there, or choose another with '--store'"
            )
        } catch let error as StoreError {
            switch error {
            case .indexFull, .indexReadOnly, .indexBusy, .indexDamaged, .index:
                throw CommandFailure(
                    .bakeFailed,
                    message: "\(error)\n  fix: 'ovenbird fsck' says what is damaged and what to do, or choose another "
                        + "store with '--store'"
                )
            default: throw error
            }
        }
    }

    /// An output folder that cannot be written ends a bake as any other cause does.
    private func writing<Result>(to folder: OutputFolder, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as SystemError where FilePath(error.path).starts(with: folder.path) {
            throw CommandFailure(
                .bakeFailed,
                message: "\(error)\n  why: the output folder '\(out)' cannot be written\n"
                    + "  fix: make room or give this user the right to write there, or choose another with '--out'"
            )
        }
    }

    /// What the machine refuses while a bake runs is a failed bake; all other errors keep their meaning.
    private func failure(_ error: any Error, in store: ArtifactStore) -> any Error {
        if case StoreError.versionTaken? = error as? StoreError { return error }
        guard error is SystemError || error is StoreError || error is Obstacle else { return error }
        return CommandFailure(.bakeFailed, message: Obstacle(error, in: store)?.description ?? "\(error)")
    }

    private func bake(
        _ bakefile: Bakefile,
        _ lock: Lock?,
        in store: ArtifactStore,
        _ outFolder: OutputFolder
    ) async throws {
        let options = BakeRecipe.Options(
            images: images,
            jobs: jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            refresh: refresh,
            lock: lock,
            after: try after.map { try ReleaseArgument(text: $0).read { store }.release },
            isFirst: first,
            worker: try ProcessSetup.executable(),
            environment: Console.environment,
            insecure: registry.announcedInsecure(),
            sharing: try cache.places(of: bakefile, signing: try signingKey())
        )
        let recipe = BakeRecipe(bakefile: bakefile, store: store, options: options) { _ in }
        let outcome = try await run(recipe)
        let palette = Console.messagePalette(output.colors.color)
        Console.say(outcome.warnings.flatMap { DiagnosticText.lines($0, palette: palette) })
        if outcome.sharedCount > 0, let place = recipe.options.sharing.to {
            Console.say("shared \(Counts.text(outcome.sharedCount, "step")) with \(place)")
        }
        try writing(to: outFolder) { try outFolder.write(outcome.tests) }
        try TestReport.say(outcome.tests)
        guard let release = outcome.release else { throw CommandFailure(.bakeFailed, message: nil) }
        let problems = try writing(to: outFolder) { try outFolder.write(release, from: store) }
        try show(release)
        try problems.throwIfErrors()
        if verify { try await verify(recipe, release) }
    }

    private func signingKey() throws -> SigningKey? {
        let palette = Console.messagePalette(output.colors.color)
        return try cacheKey?.signingKey(environment: Console.environment) { warning in
            Console.say(DiagnosticText.lines(warning, palette: palette))
        }
    }

    /// Says every difference, and fails if there is one.
    private func verify(_ recipe: BakeRecipe, _ release: Release) async throws {
        Console.say("verifying: a second bake from nothing")
        let differences = try await Verification(first: recipe, release: release).differences {
            try await run($0).release
        }
        guard differences.isEmpty else {
            Console.say(differences)
            let files = Counts.text(differences.count, "difference")
            throw CommandFailure(.checkFailed, message: "a second bake from nothing is not the same: \(files)")
        }
        let layers = Counts.text(Set(release.images.values.flatMap { $0.layers.map(\.diffID) }).count, "layer")
        Console.say("verified: \(Counts.text(release.images.count, "image")), \(layers), the same bytes twice")
    }

    private func printer() -> ProgressPrinter {
        let mode = progress.resolved(isTerminal: Console.messagesGoToTerminal, environment: Console.environment)
        return ProgressPrinter(
            mode: mode,
            palette: Console.messagePalette(output.colors.color),
            size: { Console.messageSize },
            write: { Console.draw($0) }
        )
    }

    /// Runs the bake while a printer shows it; signals cancel it.
    private func run(_ recipe: BakeRecipe) async throws -> BakeRecipe.Outcome {
        let printer = self.printer()
        defer { printer.close() }
        var recipe = recipe
        recipe.emit = { printer.handle($0) }
        let shown = recipe
        return try await Interruption.cancelling(
            cancel: { printer.handle(.interrupted) },
            abandon: { printer.closeIfFree() }
        ) {
            try await withThrowingTaskGroup(of: BakeRecipe.Outcome?.self) { group in
                group.addTask { try await shown.run() }
                group.addTask {
                    while !Task.isCancelled {
                        printer.tick()
                        try? await Task.sleep(for: .seconds(1 / ProgressPrinter.framesPerSecond))
                    }
                    return nil
                }
                defer { group.cancelAll() }
                while let ended = try await group.next() {
                    if let outcome = ended { return outcome }
                }
                throw CancellationError()
            }
        }
    }

    private func show(_ release: Release) throws {
        switch output.format {
        case .json: try Console.write(release.json)
        case .text:
            var table = TextTable([
                ("IMAGE", .left), ("VERSION", .left), ("IDENTITY", .left), ("SIZE", .right), ("REFERENCE", .left),
            ])
            for (name, image) in release.images.sorted(by: { $0.key < $1.key }) {
                table.add([
                    name, image.version, image.identity.short, Sizes.text(release.size(of: image)),
                    image.references.first ?? "-",
                ])
            }
            try Console.write(table.lines(palette: output.palette) + ["release \(release.digest)"])
        }
    }
}

extension Release {
    /// Bytes of the layers of an image, or of those that it is made of.
    fileprivate func size(of image: ReleasedImage) -> Int64 {
        image.layers.reduce(0) { $0 + $1.size }
            + image.platforms.values.reduce(0) { $0 + (images[$1].map { size(of: $0) } ?? 0) }
    }
}
