import OCI
import Registry
import Rollouts
import Store
import SystemIO

extension ReleasedImage.Attestations {
    /// The documents as they go to a registry; `missing` is told of one that the store has no more.
    func attachments(in store: ArtifactStore, missing: (_ kind: String) -> Void) throws -> [Attachment] {
        var found: [Attachment] = []
        if let bill = document(sbom, .spdx, "sbom.spdx.json", in: store) {
            found.append(Attachment(bill))
        } else {
            missing("sbom")
        }
        if let statement = document(provenance, .inToto, "provenance.json", in: store) {
            let annotations = [
                Self.predicateKey: "https://slsa.dev/provenance/v1", Self.definitionKey: try definition(in: store),
            ]
            found.append(Attachment(statement, annotations: annotations, knownBy: Self.definitionKey))
        } else {
            missing("provenance")
        }
        return found
    }

    private func document(_ digest: Digest, _ type: MediaType, _ title: String, in store: ArtifactStore) -> BlobSource?
    {
        store.blobSize(digest).map { size in
            let annotations = [Self.titleKey: title]
            return BlobSource(
                ContentDescriptor(mediaType: type, digest: digest, size: size, annotations: annotations),
                in: store
            )
        }
    }

    /// The digest of what was asked for and what went in: a bake that found all of it done differs in when, and by which
    /// build, and has no news.
    private func definition(in store: ArtifactStore) throws -> String {
        let statement = try JSONValue.parse(try store.readBlob(provenance, limit: 64 << 20))
        let definition = statement["predicate"]?["buildDefinition"] ?? .null
        return Digester.digest(of: definition.canonicalBytes).description
    }

    /// The name of the file under which tools such as ORAS write a document: OCI image specification 1.1, annotations.md.
    private static let titleKey = "org.opencontainers.image.title"
    /// Which statement it is, without a look into it; so BuildKit marks its own.
    private static let predicateKey = "in-toto.io/predicate-type"
    private static let definitionKey = "ovenbird.build-definition"
}
