package import SystemIO

/// The document that a bake leaves: which image has which version, digest and place, from which inputs, by which build.
///
/// Immutable, and named by its digest. What changes a release makes another one that names it as its parent. Parameter
/// files, rollouts, promotion and rollback start from a release and from nothing else. It holds no values of secrets.
package struct Release: Sendable, Hashable {
    /// The version of the document's form that is written, and the only one that is read.
    package static let form: Int64 = 1

    /// A file that says what to bake.
    package struct Source: Sendable, Hashable {
        /// Relative to the Bakefile's folder; of a file outside of it the name alone.
        package var path: String
        /// Of the content.
        package var digest: Digest

        package init(path: String, digest: Digest) {
            self.path = path
            self.digest = digest
        }
    }

    package var project: String
    /// When the bake ended, by the clock of the machine: seconds since 1970.
    package var created: Int64
    /// The release that this one was made from: pushing and registering leave such.
    package var parent: Digest?
    /// `ovenbird 0.1.0`.
    package var tool: String
    /// By name; an image that was not baked is not there.
    package var images: [String: ReleasedImage]
    /// The Bakefile, then what it includes and the other files that settle what is baked.
    package var sources: [Source]
    /// The values of the Bakefile's variables, by name.
    package var variables: [String: String]
    /// The names of the secrets that the Bakefile declares, sorted; never a value.
    package var secrets: [String]
    /// The image timestamp T, seconds since 1970; nil in releases of ovenbirds that did not say.
    package var timestamp: Int64?
    /// nil where the Bakefile is in no git work tree.
    package var git: GitState?
    /// nil for a bake outside of CI.
    package var build: ContinuousIntegration?
    /// Every version that this project has given, those of earlier releases included.
    package var ledger: VersionLedger

    package init(
        project: String,
        created: Int64,
        parent: Digest? = nil,
        tool: String,
        images: [String: ReleasedImage],
        sources: [Source] = [],
        variables: [String: String] = [:],
        secrets: [String] = [],
        timestamp: Int64? = nil,
        git: GitState? = nil,
        build: ContinuousIntegration? = nil,
        ledger: VersionLedger
    ) {
        self.project = project
        self.created = created
        self.parent = parent
        self.tool = tool
        self.images = images
        self.sources = sources
        self.variables = variables
        self.secrets = secrets
        self.timestamp = timestamp
        self.git = git
        self.build = build
        self.ledger = ledger
    }
}
