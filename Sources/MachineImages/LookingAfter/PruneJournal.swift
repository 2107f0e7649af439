import OCI
import Store
import SystemIO
import SystemPackage

/// An AMI that is being pruned: on disk before the first call, so that a killed run is finished.
package struct PruneRecord: Sendable, Hashable {
    package var ami: String
    package var image: String
    package var version: String
    /// Those that go with it.
    package var snapshots: [String]

    var document: JSONValue {
        .object([
            "ami": .string(ami), "image": .string(image), "snapshots": .strings(snapshots),
            "version": .string(version),
        ])
    }
}

extension PruneRecord {
    /// Reads such a document; nil for any other.
    init?(_ document: JSONValue) {
        guard let ami = document["ami"]?.stringValue, let image = document["image"]?.stringValue,
            let version = document["version"]?.stringValue, let snapshots = document["snapshots"]?.arrayValue
        else { return nil }
        self.init(ami: ami, image: image, version: version, snapshots: snapshots.compactMap(\.stringValue))
    }
}

/// The records of AMIs that are being pruned in one account and region, beside those of what was registered there.
struct PruneJournal: Sendable {
    private let folder: FilePath

    init(_ store: ArtifactStore, account: String, region: String) {
        folder = store.registrationsFolder.appending(account).appending(region)
    }

    private static let suffix = ".pruning"

    /// All records; one that cannot be read is as good as none.
    ///
    /// Blocks, as all calls here.
    func records() throws -> [PruneRecord] {
        guard Files.exists(folder) else { return [] }
        return try Files.names(in: folder).filter { $0.string.hasSuffix(Self.suffix) }.compactMap { name in
            (try? JSONValue.parse(try Files.read(folder.appending(name)))).flatMap { PruneRecord($0) }
        }.sorted { $0.ami < $1.ami }
    }

    func write(_ record: PruneRecord) throws {
        try Files.makeFolder(folder)
        try AtomicFile.write(record.document.canonicalBytes, to: place(record.ami))
    }

    func remove(_ ami: String) throws { try Files.removeFile(place(ami)) }

    private func place(_ ami: String) -> FilePath { folder.appending(ami + Self.suffix) }
}
