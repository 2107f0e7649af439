package import SystemIO

/// Which version of which image is which identity: every version that a project has given.
///
/// A version is immutable: one (image, version) has one identity for ever. An identity may have several versions, where
/// two agents without a common ledger have named it; the first one counts.
package struct VersionLedger: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package var image: String
        package var version: String
        package var identity: Digest
        /// Counts the versions of the image, from 1.
        package var sequence: Int64

        package init(image: String, version: String, identity: Digest, sequence: Int64) {
            self.image = image
            self.version = version
            self.identity = identity
            self.sequence = sequence
        }
    }

    /// The highest number that is counted on from, in a sequence or a version: what every JSON reader can hold.
    static let highestNumber: Int64 = 1 << 53

    /// Sorted by image, sequence and version.
    package let entries: [Entry]

    /// An empty ledger.
    package init() { entries = [] }

    /// Entries that say the same become one, with the lower sequence.
    ///
    /// - Throws: where one version has two identities.
    package init(_ entries: some Sequence<Entry>) throws(VersionRefused) {
        var known: [[String]: Entry] = [:]
        for entry in entries {
            let key = [entry.image, entry.version]
            guard var same = known[key] else {
                known[key] = entry
                continue
            }
            guard same.identity == entry.identity else {
                throw VersionRefused(
                    image: entry.image,
                    version: entry.version,
                    owner: same.identity,
                    identity: entry.identity
                )
            }
            same.sequence = min(same.sequence, entry.sequence)
            known[key] = same
        }
        self.entries = known.values.sorted { left, right in
            (left.image, left.sequence, left.version) < (right.image, right.sequence, right.version)
        }
    }

    /// All that both know.
    package func merging(_ other: VersionLedger) throws(VersionRefused) -> VersionLedger {
        try VersionLedger(entries + other.entries)
    }

    package func adding(_ entry: Entry) throws(VersionRefused) -> VersionLedger {
        try VersionLedger(entries + [entry])
    }

    /// Those of one image, oldest first.
    package func entries(of image: String) -> [Entry] { entries.filter { $0.image == image } }

    /// The first version that the identity was given as this image.
    package func version(of image: String, identity: Digest) -> Entry? {
        entries.first { $0.image == image && $0.identity == identity }
    }

    /// What the version stands for.
    package func identity(of image: String, version: String) -> Digest? {
        entries.first { $0.image == image && $0.version == version }?.identity
    }
}
