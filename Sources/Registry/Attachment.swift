import OCI
package import SystemIO

/// A document about a manifest, as a repository keeps it: an artifact of its own that names the manifest as its subject.
///
/// Source: OCI image specification 1.1, manifest.md, "Guidelines for Artifact Usage".
package struct Attachment: Sendable {
    private static let nothing = Array("{}".utf8)
    static let emptyConfig = BlobSource(
        ContentDescriptor(
            mediaType: .emptyDocument,
            digest: Digester.digest(of: nothing),
            size: Int64(nothing.count)
        ),
        bytes: nothing
    )

    let document: BlobSource
    private let annotations: [String: String]
    private let knownBy: String?

    /// The document's media type is the artifact's type; `annotations` are shown to whom lists the artifacts.
    ///
    /// With `knownBy`, an artifact of the type that has the same value of that annotation counts as this one.
    package init(_ document: BlobSource, annotations: [String: String] = [:], knownBy: String? = nil) {
        self.document = document
        self.annotations = annotations
        self.knownBy = knownBy
    }

    /// The lines of a list that stand for this document, `entry` being its own.
    func matches(_ listed: ContentDescriptor, _ entry: ContentDescriptor) -> Bool {
        if listed.digest == entry.digest { return true }
        guard let knownBy, let value = annotations[knownBy] else { return false }
        return listed.artifactType == entry.artifactType && listed.annotations[knownBy] == value
    }

    /// What is put beside `subject`, and the line by which it is listed.
    func artifact(of subject: ContentDescriptor) -> (manifest: ReceivedManifest, entry: ContentDescriptor) {
        let type = document.descriptor.mediaType
        let manifest = ImageManifest(
            config: Self.emptyConfig.descriptor,
            layers: [document.descriptor],
            artifactType: type,
            subject: ContentDescriptor(mediaType: subject.mediaType, digest: subject.digest, size: subject.size),
            annotations: annotations
        )
        let received = ReceivedManifest(mediaType: manifest.mediaType, own: manifest.json.canonicalBytes)
        let entry = ContentDescriptor(
            mediaType: received.mediaType,
            digest: received.digest,
            size: Int64(received.bytes.count),
            annotations: annotations,
            artifactType: type
        )
        return (received, entry)
    }
}

/// What became of documents that were to be put beside a manifest.
package struct AttachmentOutcome: Sendable, Hashable {
    /// Of the artifacts, in the order of the documents.
    package internal(set) var manifests: [Digest] = []
    /// All of them were there, and listed.
    package internal(set) var isUnchanged = true
    package internal(set) var uploadedBytes: Int64 = 0

    /// Of no documents.
    package init() {}

    /// Counts what was put beside another manifest.
    package mutating func count(_ other: AttachmentOutcome) {
        manifests += other.manifests
        isUnchanged = isUnchanged && other.isUnchanged
        uploadedBytes += other.uploadedBytes
    }
}
