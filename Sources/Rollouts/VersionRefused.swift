package import Diagnostics
package import SystemIO

extension DiagnosticIdentifier {
    /// A version stands for another identity already.
    package static let versionTaken: Self = "version-taken"
}

/// A version that belongs to another identity: exit status 7.
package struct VersionRefused: Error, Hashable, CustomStringConvertible {
    package let image: String
    package let version: String
    /// What the version stands for.
    package let owner: Digest
    /// What it was wanted for.
    package let identity: Digest
    /// Of the image in the Bakefile, where one asked.
    package var place: SourcePlace?
    package var fix: String?

    package init(
        image: String,
        version: String,
        owner: Digest,
        identity: Digest,
        place: SourcePlace? = nil,
        fix: String? = nil
    ) {
        self.image = image
        self.version = version
        self.owner = owner
        self.identity = identity
        self.place = place
        self.fix = fix
    }

    package var diagnostic: Diagnostic {
        Diagnostic(
            at: place,
            "version '\(version)' of image '\(image)' belongs to another identity",
            .versionTaken,
            why:
                "it stands for \(owner.short), this bake made \(identity.short), and a version never changes its meaning",
            fix: fix
        )
    }

    package var description: String { diagnostic.description }
}
