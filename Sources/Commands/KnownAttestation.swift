import OCI
import Rollouts
import Store
import SystemIO
import SystemPackage

/// What is said of an image, and where it lies.
struct KnownAttestation: Hashable {
    /// `sbom` or `provenance`.
    let kind: String
    let digest: Digest
    /// The blob in the store.
    let path: FilePath

    var json: JSONValue {
        .object([
            "kind": .string(kind), "digest": .string(digest.description), "path": .string(path.string),
        ])
    }
}

extension KnownImage {
    /// As the newest release of the project has it, else the one that the image came with.
    ///
    /// A release or a blob that is gone says nothing more, which keeps nobody from looking at the image.
    func attestations(in store: ArtifactStore) -> [KnownAttestation] {
        let newest = (try? ReleaseArgument.newest(of: project, in: store))?.release
        let first = release.flatMap { try? ReleaseArgument(text: $0.description).read { store } }?.release
        for release in [newest, first].compactMap({ $0 }) {
            guard let image = release.images[name], image.identity == identity, let said = image.attestations else {
                continue
            }
            return [("sbom", said.sbom), ("provenance", said.provenance)].compactMap { kind, digest in
                store.hasBlob(digest)
                    ? KnownAttestation(kind: kind, digest: digest, path: store.blobPath(digest)) : nil
            }
        }
        return []
    }
}
