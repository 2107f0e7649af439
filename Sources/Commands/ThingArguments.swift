import ArgumentParser

/// What in registries a command is about: the arguments and the option that say it.
struct ThingArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Images of the release, or references with the host of their registry.",
            valueName: "image or reference"
        )
    )
    var things: [String] = []

    @Option(help: ArgumentHelp("A release file or digest (default: the newest).", valueName: "release"))
    var release: String?

    /// Everything that they name.
    func all(_ bakefile: BakefileOptions, _ store: StoreOptions, _ colors: ColorOptions) throws -> [SignedThing] {
        try SignedThing.all(named: things) { try ReleaseArgument.named(release, bakefile, store, colors) }
    }
}
