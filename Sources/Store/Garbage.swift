import SystemIO
import SystemPackage

/// What nothing refers to any more, found by `ArtifactStore.garbage`.
package struct Garbage: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A name of an image version, or of its bundles, in `index.json`.
        case name
        /// What a step left, as the index knows it; its layers are blobs.
        case stepResult = "step result"
        case blob
        /// An unpacked layer.
        case root
        /// What a moving reference meant.
        case resolution
        case listing
        case log
        case lock
        /// What is known of a step, an input, or a file that is no more.
        case record
        /// What a dead process was writing.
        case temporary = "temporary file"
    }

    package struct Item: Sendable, Hashable {
        package let kind: Kind
        package let name: String
        /// Bytes on the disk.
        package let size: Int64

        package init(kind: Kind, name: String, size: Int64) {
            self.kind = kind
            self.name = name
            self.size = size
        }
    }

    /// In the order of their kinds, then by name; records are counted only.
    package internal(set) var items: [Item] = []
    /// Rows of the index that only make the next plan faster or say why a step ran.
    package var recordCount: Int { rows.count }
    /// Bytes that go.
    package var size: Int64 { items.reduce(0) { $0 + $1.size } }

    var rows = IndexRows()
    var names: Set<String> = []
    var blobs: [Digest] = []
    var roots: [FilePath] = []
    /// Resolutions, listings, logs, locks and temporary files.
    var paths: [FilePath] = []

    mutating func add(_ kind: Kind, _ path: FilePath, named name: String? = nil, size: Int64) {
        items.append(Item(kind: kind, name: name ?? path.lastComponent?.string ?? "", size: size))
    }
}

/// Rows of the index that go in one transaction, before anything that they name.
struct IndexRows: Sendable {
    var stepResults: [Digest] = []
    /// Image lines, by number.
    var images: [Int64] = []
    var steps: [(project: String, image: String, step: String)] = []
    var inputListings: [Digest] = []
    var bills: [Digest] = []
    /// Images whose passed tests are forgotten.
    var testedImages: [Digest] = []
    /// Uncompressed layers whose other forms are forgotten.
    var compressedLayers: [Digest] = []
    var files: [DatabaseBytes] = []
    var seenInputs: [DatabaseBytes] = []

    var count: Int {
        images.count + steps.count + inputListings.count + bills.count + testedImages.count + compressedLayers.count
            + files.count
            + seenInputs.count
    }
}
