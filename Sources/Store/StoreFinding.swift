/// Something that is not as it should be in a store.
package struct StoreFinding: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// `oci-layout`, `index.json` or `index.sqlite`.
        case index
        /// The bytes are not those of the digest.
        case blob
        /// A blob is not there that something names.
        case missing
        case release
        case listing
        /// What a dead process left; the next bake removes it, and nothing uses it.
        case leftover

        /// Whether something is lost, or could be used that is wrong.
        package var isDamage: Bool { self != .leftover }
    }

    package let kind: Kind
    /// A digest, or a path in the store.
    package let subject: String
    package let problem: String
    /// What it belongs to: images, versions, releases, in the order of their names.
    package let concerns: [String]
    package let fix: String

    package init(_ kind: Kind, _ subject: String, _ problem: String, concerns: [String] = [], fix: String) {
        self.kind = kind
        self.subject = subject
        self.problem = problem
        self.concerns = concerns
        self.fix = fix
    }
}

/// What was looked at, and what was found.
package struct StoreExamination: Sendable {
    package var blobCount = 0
    /// Bytes that were read and hashed.
    package var byteCount: Int64 = 0
    package var imageCount = 0
    package var releaseCount = 0
    package var findings: [StoreFinding] = []

    package var isDamaged: Bool { findings.contains { $0.kind.isDamage } }

    package init() {}
}
