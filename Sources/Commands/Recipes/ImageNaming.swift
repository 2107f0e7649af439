import Bakefiles
import Baking
import ContainerImages
import Diagnostics
import Glibc
import OCI
import Rollouts
import Store

/// Gives each image of a bake its version, from the store's ledger and that of `--after`.
struct ImageNaming: Sendable {
    let recipe: BakeRecipe
    let git: GitState?

    private var project: String { recipe.bakefile.project }

    /// Tells before a bake what every new identity would meet after it.
    func check(_ images: [Image]) throws {
        try adoptLedger()
        let assignment = assignment(try knownLedger())
        let problems = images.compactMap { assignment.problem(with: $0) }
        if !problems.isEmpty { throw InvalidInput(diagnostics: problems) }
    }

    /// The version of each image, given once and for all.
    func versions(of images: [LayeredImage]) throws -> [String: String] {
        var versions: [String: String] = [:]
        let known = try knownLedger()
        for image in images {
            guard let finished = image.finished else { continue }
            let entry = try recipe.store.assignVersion(
                project: project,
                image: image.name,
                identity: finished.identity,
                at: Int64(time(nil))
            ) { entries in
                // Another bake may have named its image meanwhile, so what counts is the ledger as it is now.
                let ledger = try known?.merging(ledger(of: entries)) ?? (entries.isEmpty ? nil : ledger(of: entries))
                return try assignment(ledger).entry(for: image.image, identity: finished.identity).version
            }
            let stored = try StoredContent(manifest: finished.manifest, in: recipe.store)
            try recipe.store.setReference(
                AssembledImage.storeName(project: project, image: image.name, version: entry.version),
                stored.descriptor
            )
            versions[image.name] = entry.version
        }
        return versions
    }

    /// Every version that the project has given.
    func ledger() throws -> VersionLedger { try ledger(of: recipe.store.versions(project: project)) }

    private func adoptLedger() throws {
        guard let after = recipe.options.after else { return }
        // The store would keep the other project's versions as this one's for ever.
        guard after.project == project else {
            throw InvalidInput(
                Diagnostic(
                    "the release of '--after' is one of the project '\(after.project)', not of '\(project)'",
                    .foreignRelease,
                    why: "its versions mean other images",
                    fix: "name a release of '\(project)', or pass '--first' if there is none"
                )
            )
        }
        try recipe.store.mergeVersions(
            after.ledger.entries.map { entry in
                VersionEntry(
                    project: project,
                    image: entry.image,
                    version: entry.version,
                    identity: entry.identity,
                    sequence: entry.sequence,
                    createdAt: after.created
                )
            }
        )
    }

    /// nil where nobody knows any version of the project.
    private func knownLedger() throws -> VersionLedger? {
        let ledger = try ledger()
        return ledger.entries.isEmpty && recipe.options.after == nil ? nil : ledger
    }

    private func ledger(of entries: [VersionEntry]) throws -> VersionLedger {
        try VersionLedger(
            entries.map {
                VersionLedger.Entry(image: $0.image, version: $0.version, identity: $0.identity, sequence: $0.sequence)
            }
        )
    }

    private func assignment(_ ledger: VersionLedger?) -> VersionAssignment {
        VersionAssignment(
            ledger: ledger,
            isWhole: recipe.options.after != nil,
            date: Int64(time(nil)),
            git: git,
            isFirst: recipe.options.isFirst
        )
    }
}
