import Bakefiles
import Diagnostics
import OCI
import Registry
import Rollouts
import Store
import SystemIO
import SystemPackage

/// What is to be signed or verified, or what is to be told of: a manifest in a registry.
struct SignedThing: Sendable, Hashable {
    /// The image of the release, nil for what was named by its reference.
    let image: String?
    let reference: Reference

    /// What the repository knows it by.
    var name: String { reference.digest?.description ?? reference.tag ?? "latest" }

    /// The digest of what the reference stands for; the registry is asked for its content.
    func digest(_ client: RepositoryClient) async throws -> Digest {
        try await client.contentDigest(name)
    }

    /// Everything that the arguments name.
    ///
    /// What has a slash is a reference; all others are images of the release, wherever it says that they are. Without
    /// arguments it is everything that the release has in registries. The release is asked for only then.
    static func all(named arguments: [String], release: () throws -> Release) throws -> [SignedThing] {
        var problems = DiagnosticList()
        var things: [SignedThing] = []
        let names = arguments.filter { !$0.contains("/") }
        for text in arguments where text.contains("/") {
            do throws(ReferenceError) {
                things.append(SignedThing(image: nil, reference: try Reference(parsing: text)))
            } catch {
                problems.add(Diagnostic("\(error)", .badReference))
            }
        }
        if arguments.isEmpty || !names.isEmpty {
            let release = try release()
            let known = release.images.keys.sorted()
            for name in names where release.images[name] == nil {
                problems.add(
                    Diagnostic(
                        "'\(name)' is not in the release",
                        .imageNotFound,
                        why: "its images are \(known.map { "'\($0)'" }.joined(separator: ", "))",
                        fix: nearestName(to: name, among: known).map { "write '\($0)'" }
                            ?? "name an image of the release, or a reference with the host of its registry"
                    )
                )
            }
            for name in names.isEmpty ? known : names {
                guard let image = release.images[name] else { continue }
                let placed = try image.placements.compactMap { try SignedThing(name, $0) }
                if placed.isEmpty, !names.isEmpty {
                    problems.add(
                        Diagnostic("image '\(name)' is in no registry", .notPushed, fix: "run 'ovenbird push' first")
                    )
                }
                things += placed.sorted { $0.reference.description < $1.reference.description }
            }
        }
        try problems.throwIfErrors()
        guard !things.isEmpty else {
            throw InvalidInput(
                Diagnostic("no image of the release is in a registry", .notPushed, fix: "run 'ovenbird push' first")
            )
        }
        var seen: Set<SignedThing> = []
        return things.filter { seen.insert($0).inserted }
    }

    private init(image: String?, reference: Reference) {
        self.image = image
        self.reference = reference
    }

    private init?(_ name: String, _ placement: Placement) throws {
        guard case .registry(let repository, let manifest) = placement else { return nil }
        self.init(image: name, reference: try Reference(parsing: "\(repository)@\(manifest)"))
    }
}

extension ReleaseArgument {
    /// The release that an option names, else the newest one of the Bakefile's project.
    static func named(_ text: String?, _ bakefile: BakefileOptions, _ store: StoreOptions, _ colors: ColorOptions)
        throws
        -> Release
    {
        if let text { return try ReleaseArgument(text: text).read { try store.open(.readOnly) }.release }
        let project = try bakefile.read(colors: colors).project
        guard let newest = try newest(of: project, in: try store.open(.readOnly)) else {
            throw InvalidInput(
                Diagnostic(
                    "there is no release of '\(project)'",
                    .releaseNotFound,
                    fix: "run 'ovenbird bake' and 'ovenbird push', name one with '--release', or name a reference"
                )
            )
        }
        return newest.release
    }
}
