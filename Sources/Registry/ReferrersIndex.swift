import OCI
import SystemIO

/// What refers to a manifest, as a repository lists it whose registry has no referrers API: an index under a tag.
///
/// Source: OCI distribution specification 1.1, "Referrers Tag Schema".
struct ReferrersIndex: Sendable {
    static func tag(of subject: Digest) -> String { "sha256-\(subject.hex)" }

    /// As it was received, so that what others have written stays, known to us or not.
    private var document: JSONValue
    private let mediaType: MediaType
    private(set) var entries: [ContentDescriptor]

    init() {
        let index = ImageIndex(manifests: [])
        (document, mediaType, entries) = (index.json, index.mediaType, [])
    }

    /// Refuses what `ImageIndex` refuses.
    init(decoding bytes: [UInt8]) throws(DocumentError) {
        let index = try ImageIndex(decoding: bytes)
        document = try JSONValue.parse(bytes, limit: DocumentLimit.bytes)
        (mediaType, entries) = (index.mediaType, index.manifests)
    }

    mutating func add(_ more: [ContentDescriptor]) {
        entries += more
        guard case .object(var members) = document else { return }
        members["manifests"] = .array((members["manifests"]?.arrayValue ?? []) + more.map(\.json))
        document = .object(members)
    }

    /// Those that are not listed.
    func lacking(_ wanted: [ContentDescriptor]) -> [ContentDescriptor] {
        let known = Set(entries.map(\.digest))
        return wanted.filter { !known.contains($0.digest) }
    }

    var received: ReceivedManifest { ReceivedManifest(mediaType: mediaType, own: document.canonicalBytes) }

    /// More than registries and readers take.
    var isTooLarge: Bool { entries.count > DocumentLimit.manifests || received.bytes.count > DocumentLimit.bytes }
}
