import ArgumentParser
import Bakefiles
import Diagnostics
import OCI
import Registry
import Reporting
import Rollouts
import Store
import SystemIO
import SystemPackage

/// The command `ovenbird push`.
struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push the images of a release to their registries.",
        usage: "ovenbird push [<image> ...] [--to <reference>] [--release <release>] [<options>]",
        discussion: """
            Each image goes to its 'push:' destinations under its version: all content first, then all tags or none. What \
            a registry has already is not sent. What the bake said of an image goes along, as referrers of its manifest \
            ('ovenbird referrers'). The result is a new release that says where its images are, for bindings to 'pinned'; \
            it replaces 'release.json' and the parameter files in the output folder. Credentials come from 'docker login', and \
            for registries of AWS where that has left none, from where the AWS tools have them.

            Example:
              ovenbird push && ovenbird push web --to registry.example.com/storefront/web:latest
            """
    )

    @Argument(help: "Images to push (default: all that have destinations).")
    var images: [String] = []

    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("Push the one named image here instead; may be repeated.", valueName: "reference")
    )
    var targets: [String] = []

    @Option(
        help: ArgumentHelp(
            "How layers are compressed: \(LayerForm.rule) (default: what 'compression:' of destination or image says, "
                + "else gzip-1).",
            valueName: "form"
        ),
        transform: LayerForm.init(option:)
    )
    var compression: LayerForm?

    @Flag(name: .customLong("no-attestations"), help: "Push images only, without what the bake said of them.")
    var isBare = false

    @Option(help: ArgumentHelp("A release file or digest (default: the newest).", valueName: "release"))
    var release: String?

    @Option(help: ArgumentHelp("The output folder to renew.", valueName: "folder"), completion: .directory)
    var out = "out"

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var bakefile: BakefileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !targets.isEmpty, images.count != 1 { throw ValidationError("'--to' needs the name of exactly one image") }
    }

    func run() async throws {
        let bakefile = try bakefile.read(colors: output.colors)
        let store = try store.open(.readWrite)
        // What is compressed has no name in the store, and the new release none until it is recorded.
        let announcement = try await store.announceWork()
        defer { announcement.release() }
        let start = try startingRelease(of: bakefile, in: store)
        let wanted = try wantedTargets(of: start)
        let repositories = bakefile.madeRepositories(of: wanted)
        let (pushed, release) = try await Waiting.saying("still pushing") {
            if !repositories.isEmpty {
                try await AWSOptions.session(profile: nil) { session in
                    try await ECRRepositories.make(repositories, project: bakefile.project, session)
                }
            }
            return try await registry.session { session in
                try await PushRecipe(release: start, store: store, session: session, attests: !isBare) { target in
                    compression ?? bakefile.form(of: target) ?? .standard
                }.run(wanted)
            }
        }
        let problems = try OutputFolder.renew(
            FilePath(out),
            release,
            of: bakefile,
            from: store,
            color: output.colors.color
        )
        try show(pushed, release)
        try problems.throwIfErrors()
    }

    private func startingRelease(of bakefile: Bakefile, in store: ArtifactStore) throws -> Release {
        if let release {
            let found = try ReleaseArgument(text: release).read { store }.release
            guard found.project == bakefile.project else {
                throw InvalidInput(
                    Diagnostic(
                        "the release is one of the project '\(found.project)', not of '\(bakefile.project)'",
                        .foreignRelease
                    )
                )
            }
            return found
        }
        guard let newest = try ReleaseArgument.newest(of: bakefile.project, in: store) else {
            throw InvalidInput(
                Diagnostic(
                    "there is no release of '\(bakefile.project)' to push",
                    .releaseNotFound,
                    fix: "run 'ovenbird bake', or name one with '--release'"
                )
            )
        }
        return newest.release
    }

    private func wantedTargets(of release: Release) throws -> [PushRecipe.Target] {
        var problems = DiagnosticList()
        var wanted: [PushRecipe.Target] = []
        let known = release.images.keys.sorted()
        for name in images where release.images[name] == nil {
            problems.add(
                Diagnostic(
                    "'\(name)' is not in the release",
                    .imageNotFound,
                    why: "its images are \(known.map { "'\($0)'" }.joined(separator: ", "))",
                    fix: nearestName(to: name, among: known).map { "write '\($0)'" }
                )
            )
        }
        for name in images.isEmpty ? known : images {
            guard let image = release.images[name] else { continue }
            let texts = targets.isEmpty ? image.references : targets
            if texts.isEmpty, !images.isEmpty {
                problems.add(
                    Diagnostic(
                        "image '\(name)' has no destination",
                        .noDestination,
                        fix: "give it a 'push:' in the Bakefile, or pass '--to REFERENCE'"
                    )
                )
            }
            for text in texts {
                do {
                    wanted.append(try target(text, name, version: image.version))
                } catch {
                    problems.add(Diagnostic("cannot push '\(name)': \(error)", .badReference))
                }
            }
        }
        try problems.throwIfErrors()
        guard !wanted.isEmpty else {
            throw InvalidInput(
                Diagnostic(
                    "no image of the release has a destination",
                    .noDestination,
                    fix: "give one a 'push:' in the Bakefile, or pass '--to REFERENCE'"
                )
            )
        }
        return wanted
    }

    private func target(_ text: String, _ name: String, version: String) throws(ReferenceError) -> PushRecipe.Target {
        var reference = try Reference(parsing: text)
        guard reference.digest == nil else {
            throw ReferenceError(text: text, reason: "a digest cannot be chosen when pushing")
        }
        if reference.tag == nil {
            if let mistake = Reference.mistake(inTag: version) { throw ReferenceError(text: text, reason: mistake) }
            reference.tag = version
        }
        return .init(image: name, reference: reference, isVersion: reference.tag == version)
    }

    private func show(_ pushed: [PushRecipe.Pushed], _ release: Release) throws {
        switch output.format {
        case .json:
            let entries = pushed.map { entry in
                JSONValue.object([
                    "image": .string(entry.image), "reference": .string(entry.reference),
                    "manifest": .string(entry.manifest.description), "unchanged": .bool(entry.isUnchanged),
                    "uploaded": .integer(entry.uploadedBytes), "mounted": .integer(Int64(entry.mounted)),
                    "referrers": .strings(entry.referrers.map(\.description)),
                ])
            }
            try Console.write(
                .object(["pushed": .array(entries), "release": .string(release.digest.description)])
            )
        case .text:
            var table = TextTable([
                ("IMAGE", .left), ("REFERENCE", .left), ("MANIFEST", .left), ("SENT", .right), ("", .left),
            ])
            for entry in pushed {
                table.add([
                    entry.image, entry.reference, entry.manifest.short, Sizes.text(entry.uploadedBytes),
                    entry.isUnchanged
                        ? "unchanged" : "pushed" + (entry.mounted > 0 ? ", \(entry.mounted) mounted" : ""),
                ])
            }
            try Console.write(table.lines(palette: output.palette) + ["release \(release.digest)"])
        }
    }
}

extension Bakefile {
    /// How an image's layers are compressed on their way to one of its destinations, else how it wants them anywhere.
    fileprivate func form(of target: PushRecipe.Target) -> LayerForm? {
        let image = image(named: target.image)
        let destination = image?.destinations.first { $0.repository == target.reference.name }
        return (destination?.compression ?? image?.compression).flatMap { LayerForm($0) }
    }
}
