import OCI
import SystemIO

/// The blobs that something refers to, found by following documents.
struct BlobMarks {
    /// Larger than any release or bill of materials that names blobs.
    private static let documentLimit = 64 << 20

    let store: ArtifactStore
    private(set) var blobs: Set<Digest> = []
    private var followed: Set<Digest> = []

    init(store: ArtifactStore) { self.store = store }

    mutating func keep(_ blob: Digest) { blobs.insert(blob) }

    /// Keeps a manifest or an index with all that it names; one that is not there names nothing.
    ///
    /// Throws where it is damaged: what it named is unknown, and must not go.
    mutating func follow(_ document: Digest) throws {
        blobs.insert(document)
        guard followed.insert(document).inserted, store.hasBlob(document) else { return }
        try mention(try read(document))
    }

    /// Keeps a release with the content of its images, and not of those that its ledger only remembers.
    ///
    /// Answers what it mentions.
    mutating func follow(release: Digest) throws -> Set<Digest> {
        blobs.insert(release)
        guard store.hasBlob(release) else { return [] }
        var members = try read(release).objectValue ?? [:]
        members["ledger"] = nil
        members["parent"] = nil
        var named = BlobMarks(store: store)
        try named.mention(.object(members))
        blobs.formUnion(named.blobs)
        return named.blobs
    }

    private func read(_ document: Digest) throws -> JSONValue {
        let bytes = try store.readBlob(document, limit: Self.documentLimit)
        do {
            return try JSONValue.parse(bytes, limit: Self.documentLimit)
        } catch {
            throw StoreError.blobDamaged(document, reason: "\(error)")
        }
    }

    /// Keeps every digest in the document; descriptors of further documents are followed.
    private mutating func mention(_ value: JSONValue) throws {
        switch value {
        case .string(let text):
            if let digest = Digest(text) { blobs.insert(digest) }
        case .array(let values):
            for value in values { try mention(value) }
        case .object(let members):
            if let digest = members["digest"]?.stringValue.flatMap({ Digest($0) }), isDocument(members) {
                try follow(digest)
            }
            for (_, value) in members { try mention(value) }
        default: break
        }
    }

    private func isDocument(_ members: [String: JSONValue]) -> Bool {
        guard let type = members["mediaType"]?.stringValue else { return false }
        return [".manifest.v1+json", ".index.v1+json", ".manifest.v2+json", ".manifest.list.v2+json"].contains {
            type.hasSuffix($0)
        }
    }
}
