package import Bakefiles
package import Diagnostics
package import SystemIO

extension DiagnosticIdentifier {
    /// A scheme counts on from versions that nobody remembers.
    package static let noLedger: Self = "no-ledger"
    /// `version: git` without a commit.
    package static let noCommit: Self = "no-commit"
    /// A version scheme's text is not of the form that it needs.
    package static let invalidVersionScheme: Self = "invalid-version-scheme"
}

/// Gives versions to identities: a known identity keeps its version, new content gets a new one.
///
/// An image without `version:` is named by the first 12 digits of its identity, which needs no memory.
package struct VersionAssignment: Sendable {
    /// nil where this project's versions are unknown: no bake of it in the store, and no `--after`.
    package let ledger: VersionLedger?
    /// Whether the ledger holds every version there is, as that of a release does; a store knows what it saw.
    package let isWhole: Bool
    /// The date of the bake: seconds since 1970.
    package let date: Int64
    package let git: GitState?
    /// `--first`: counting may begin without a ledger.
    package let isFirst: Bool

    package init(
        ledger: VersionLedger?,
        isWhole: Bool = true,
        date: Int64,
        git: GitState?,
        isFirst: Bool = false
    ) {
        self.ledger = ledger
        self.isWhole = isWhole
        self.date = date
        self.git = git
        self.isFirst = isFirst
    }

    /// The ledger's entry for the identity: one that it has, or a new one, with the next sequence.
    ///
    /// - Throws: `InvalidInput` where the scheme cannot give a version here, `VersionRefused` where the version that it
    ///   gives belongs to another identity.
    package func entry(for image: Image, identity: Digest) throws -> VersionLedger.Entry {
        if let known = ledger?.version(of: image.name, identity: identity) { return known }
        try checkLedger(image)
        let entries = ledger?.entries(of: image.name) ?? []
        let version = try nextVersion(for: image, identity: identity, after: entries.filter(\.isGiven).map(\.version))
        if let owner = entries.first(where: { $0.version == version })?.identity {
            throw VersionRefused(
                image: image.name,
                version: version,
                owner: owner,
                identity: identity,
                place: image.place,
                fix: fix(for: image.version)
            )
        }
        let sequence = (entries.map(\.sequence).max() ?? 0) + 1
        return VersionLedger.Entry(image: image.name, version: version, identity: identity, sequence: sequence)
    }

    /// What can be known before a bake: the mistakes that every new identity of the image would meet.
    package func problem(with image: Image) -> Diagnostic? {
        do {
            try checkLedger(image)
            if let scheme = image.version { try checkScheme(scheme, at: image.place) }
            return nil
        } catch {
            return error.diagnostics.first
        }
    }

    private func checkLedger(_ image: Image) throws(InvalidInput) {
        guard !isFirst, let scheme = image.version, counts(scheme) else { return }
        if let ledger, isWhole || ledger.entries(of: image.name).contains(where: \.isGiven) { return }
        throw InvalidInput(
            Diagnostic(
                at: image.place,
                "the next version of image '\(image.name)' is unknown",
                .noLedger,
                why: "its versions are counted, and this store has none of them to count on from",
                fix: "pass '--after RELEASE' with the last release, or '--first' if the image is new"
            )
        )
    }

    private func counts(_ scheme: VersionScheme) -> Bool {
        switch scheme {
        case .semver, .sequence: true
        case .calver(let format): VersionCalendar(format)?.hasCounter ?? false
        case .git: false
        }
    }

    private func fix(for scheme: VersionScheme?) -> String? {
        switch scheme {
        case .calver: "add MICRO to the format, which counts the versions of a day"
        case .git: "commit what changed, so that it has a name of its own"
        default: nil
        }
    }
}

extension VersionLedger.Entry {
    /// Whether a scheme gave the version: one that only names its identity is not counted on from.
    fileprivate var isGiven: Bool { version != identity.short }
}
